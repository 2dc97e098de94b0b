//! The whole way from text to problems: text in, text out, and traps that must neither hang nor panic.

use serde_json::Value;

use super::*;
use crate::diagnostic::{FileId, RenderOptions, Span};
use crate::document::{Node, Path};
use crate::source::MemoryFiles;

fn schema() -> Value {
    serde_json::from_str(include_str!("schema.json")).unwrap()
}

fn load_files(files: &MemoryFiles, overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    load(files, "main.yaml", &overrides, &Limits::default(), &schema())
}

fn load_text(text: impl Into<Vec<u8>>) -> Loaded {
    load_files(&MemoryFiles::new().with("main.yaml", text), &[])
}

/// One line per problem: code, place of each label, message, help.
fn short(loaded: &Loaded) -> String {
    let mut out = String::new();
    for diagnostic in &loaded.diagnostics {
        out.push_str(diagnostic.code);
        for label in &diagnostic.labels {
            let position = loaded.sources.position(label.span);
            let name = loaded.sources.name(label.span.file).trim_start_matches("main.yaml");
            out.push_str(&format!(
                " {name}{}{}:{}",
                if name.is_empty() { "" } else { ":" },
                position.line,
                position.column
            ));
        }
        out.push_str(&format!(" {}", diagnostic.message));
        if let Some(help) = &diagnostic.help {
            out.push_str(&format!(" ({help})"));
        }
        out.push('\n');
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let loaded = load_text(text);
    assert_eq!(short(&loaded), expected, "for\n{text}");
    loaded.diagnostics.render(&loaded.sources, RenderOptions::default());
    loaded.diagnostics.to_json(&loaded.sources);
}

#[track_caller]
fn value_of(files: &MemoryFiles, overrides: &[&str]) -> Value {
    let loaded = load_files(files, overrides);
    assert_eq!(short(&loaded), "");
    loaded.document.unwrap().to_value()
}

const GOOD: &str = "\
name: quickstart   # a comment
simulation: {seed: 7, duration: 24h}
instanceTypes: {my.gpu: {vcpu: 96}}
services:
- serviceName: web
  taskDefinition: web
  desiredCount: 4
  placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}, {type: binpack, field: memory}]
- &api
  serviceName: api
  taskDefinition: web
  autoScaling: {targetValue: 75.0, MinCapacity: 2}
taskDefinitions:
- {family: web, cpu: \"0256\"}
workload:
- {name: w, duration: {constant: 5s}, at: [0s, 1m]}
";

#[test]
fn a_good_scenario_has_no_problems_and_knows_its_places() {
    let loaded = load_text(GOOD);
    assert_eq!(short(&loaded), "");
    let document = loaded.document.unwrap();
    let value = document.to_value();
    assert_eq!(value["services"][1]["autoScaling"], serde_json::json!({"TargetValue": 75, "minCapacity": 2}));
    assert_eq!(value["taskDefinitions"][0]["cpu"], "0256");

    let here = document.at("services").index(0).key("placementStrategy").index(1).key("field");
    assert_eq!(here.path().to_string(), "services[0].placementStrategy[1].field");
    assert_eq!(loaded.sources.text(here.span()), "memory");
    assert_eq!(loaded.sources.text(here.key_span()), "field");
    assert_eq!(loaded.sources.text(document.at("simulation").span()), "{seed: 7, duration: 24h}");
    assert_eq!(
        loaded.sources.text(document.at("services").index(0).key("placementStrategy").index(0).span()).len(),
        56
    );
    let api = loaded.sources.text(document.at("services").index(1).span());
    assert!(api.starts_with("&api") && api.ends_with("MinCapacity: 2}"), "{api}");
    // What is not there is placed at the nearest thing around it.
    assert_eq!(document.at("services").index(0).key("nope").key("x").span(), document.at("services").index(0).span());
    assert_eq!(document.raw(&Path::root().key("simulation").key("seed")), Some("7"));
    assert_eq!(document.file(&Path::root()), FileId::ROOT);
}

#[test]
fn every_structural_problem_at_once() {
    check(
        "\
nam: x
simulation: {seed: -1, duration: 90, metricsPeriod: 5 minutes, sed: 1}
services:
- serviceName: web
  taskDefinition: ''
  placementStrategi: []
  desiredCount: four
  LaunchType: ec2
  enableECSManagedTags: yes
  autoScaling: {TargetValue: 0, MinCapacity: 1.5}
  subnets: [a, b, a]
- servicename: api
  desiredCount: 5000000000
  placementStrategy:
  - {type: sprad, field: x}
  - {type: spread, fields: x}
  - {type: binpack, field: disk}
  - spread
  - {field: x}
  - {}
- desiredCount: 1_000
  placementStrategy:
- web
taskDefinitions: {family: web}
labels: {a: 1, b: true, c: null, d: 1.10}
",
        "\
E020 1:1 unknown field `nam` at the top of the scenario (did you mean `name`?)
E024 2:20 `seed`: expected at least 0, found the number `-1`
E021 2:34 `duration`: expected a length of time with its unit, such as 90s, 5m or 1h30m, found the number `90`
E025 2:53 `metricsPeriod`: expected a length of time with its unit, such as 90s, 5m or 1h30m, found the text `5 minutes`
E020 2:64 unknown field `sed` in `simulation` (did you mean `seed`?)
E027 5:19 `taskDefinition` has 0 letters; it must have at least 1 letter
E020 6:3 unknown field `placementStrategi` in a service (did you mean `placementStrategy`?)
E021 7:17 `desiredCount`: expected a whole number, found the text `four`
E023 8:15 `launchType`: expected `EC2` or `EXTERNAL`, found the text `ec2` (did you mean `EC2`?)
E021 9:25 `enableECSManagedTags`: expected `true` or `false`, found the text `yes` (write `true`)
E024 10:30 `TargetValue`: expected more than 0, found the number `0`
E021 10:46 `minCapacity`: expected a whole number, found the number `1.5`
E027 11:19 11:13 `subnets` has the same element twice: the text `a`
E020 12:3 unknown field `servicename` in a service (did you mean `serviceName`?)
E022 12:3 the field `taskDefinition` is missing in a service (add `taskDefinition`: a text)
E024 13:17 `desiredCount`: expected at most 4294967295, found the number `5000000000`
E027 14:3 `placementStrategy` has 6 elements; it must have at most 5 elements
E023 15:12 `type`: expected `random`, `spread` or `binpack`, found the text `sprad` (did you mean `spread`?)
E020 16:20 unknown field `fields` in `placementStrategy[1]` (did you mean `field`?)
E023 17:28 `field`: expected `cpu` or `memory`, found the text `disk`
E021 18:5 `placementStrategy[3]`: expected a map, found the text `spread`
E022 19:6 the field `type` is missing in `placementStrategy[4]` (add `type`: `spread`)
E026 20:5 `placementStrategy[5]`: expected a map, found an empty map
E022 21:3 the fields `serviceName` and `taskDefinition` are missing in a service
E021 21:17 `desiredCount`: expected a whole number, found the text `1_000` (write it as `1000`)
E021 22:3 `placementStrategy`: expected a list, found nothing (write `[]` for an empty list, or remove the key)
E021 23:3 `services[3]`: expected a map, found the text `web`
E021 24:18 `taskDefinitions`: expected a list, found a map (write it as a list: `[ ]` around it, or each element on a line that begins with `- `)
E021 25:13 `a`: expected a text, found the number `1` (write it in quotes: `\"1\"`)
E021 25:19 `b`: expected a text, found `true` (write it in quotes: `\"true\"`)
E021 25:28 `c`: expected a text, found nothing (give a value, or remove the key)
E021 25:37 `d`: expected a text, found the number `1.10` (write it in quotes: `\"1.10\"`)
",
    );
}

#[test]
fn of_several_forms_the_one_that_was_meant_is_explained() {
    check(
        "\
workload:
- duration: {constant: 5}
- duration: {constant: 5s, uniform: {min: 1s}}
- duration: {uniform: {min: 1s}}
- duration: {constent: 1s}
- duration: {lognormal: 1}
- duration: 9
- duration: []
- duration: {}
- duration:
- at: 0s
- duration: {max: 5s}
",
        "\
E021 2:24 `constant`: expected a length of time with its unit, such as 90s, 5m or 1h30m, found the number `5`
E026 3:28 3:14 `duration`: only one of `constant` and `uniform` can be given
E022 4:14 the field `max` is missing in `uniform` (add `max`: a length of time with its unit, such as 90s, 5m or 1h30m)
E020 5:14 unknown field `constent` in `duration` (did you mean `constant`?)
E020 6:14 unknown field `lognormal` in `duration`
E021 7:13 `duration`: expected a length of time such as 8s, or a distribution such as {constant: 8s}, found the number `9`
E021 8:13 `duration`: expected a length of time such as 8s, or a distribution such as {constant: 8s}, found an empty list
E026 9:13 `duration`: expected a length of time such as 8s, or a distribution such as {constant: 8s}, found an empty map
E021 10:3 `duration`: expected a length of time such as 8s, or a distribution such as {constant: 8s}, found nothing (give a value, or remove the key)
E021 11:7 `at`: expected a list, found the text `0s` (write it as a list: `[ ]` around it, or each element on a line that begins with `- `)
E022 12:3 the field `constant` is missing in `duration` (add `constant`: a length of time with its unit, such as 90s, 5m or 1h30m)
",
    );
}

#[test]
fn exactly_one_of_several_fields() {
    check(
        "\
workload:
- every: {interval: 5s, poisson: 3}
- every: {limit: 3}
- every: {intervall: 5s}
- every: {gaussian: 5s}
- every: {poisson: x}
- every: 5
- task: {taskDefinition: x, family: y}
- task: {Family: x, cpu: 1}
",
        "\
E026 2:25 2:11 `every`: only one of `interval` and `poisson` can be given
E022 3:3 `every` must have exactly one of `interval` or `poisson`
E020 4:11 unknown field `intervall` in `every` (did you mean `interval`?)
E020 5:11 unknown field `gaussian` in `every`
E021 6:20 `poisson`: expected a number, found the text `x`
E021 7:10 `every`: expected an interval or a rate, found the number `5`
E020 8:29 unknown field `family` in `task`
E021 9:26 `cpu`: expected a text, found the number `1` (write it in quotes: `\"1\"`)
",
    );
}

#[test]
fn a_schemas_own_formats_are_checked() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {"length": {"type": "string", "format": "even", "pattern": "^x*$", "x-ecsim-expected": "an even text"}},
    });
    let checker = Checker::with_formats(&schema, &[("even", |text| text.len() % 2 == 0)]).unwrap();
    let problems = |text: &str| {
        let files = MemoryFiles::new().with("main.yaml", text);
        short(&load_with(&files, "main.yaml", &[], &Limits::default(), &checker))
    };
    assert_eq!(problems("length: xx"), "");
    // Wrong by pattern and by format is still wrong once.
    assert_eq!(problems("length: yyy"), "E025 1:9 `length`: expected an even text, found the text `yyy`\n");
}

#[test]
fn broken_yaml_is_explained() {
    for (text, expected) in [
        ("", "E013 1:1 the file is empty\n"),
        ("\n \n", "E013 1:1 the file is empty\n"),
        ("# one\n# two\n", "E013 1:1 the file holds nothing but comments\n"),
        ("---\n", "E013 1:1 the file holds nothing but comments\n"),
        (
            "name: a: b\n",
            "E005 1:8 a `:` stands where no key can be (a text with `: ` in it must stand in quotes; a map inside a map begins on a line of its own, or in `{ }`)\n",
        ),
        (
            "name: \"x\nlabels: {}\n",
            "E005 1:7 a quoted text is not closed (add the closing quote; a quote inside single quotes is written twice, inside double quotes with a backslash)\n",
        ),
        (
            "name: 'x\n",
            "E005 1:7 a quoted text is not closed (add the closing quote; a quote inside single quotes is written twice, inside double quotes with a backslash)\n",
        ),
        ("services: [1, 2\nlabels: {}\n", "E005 2:7 1:11 a `[` or `{` is not closed, or a comma is missing\n"),
        ("services: [\n", "E005 2:1 1:11 a `[` or `{` is not closed, or a value is missing\n"),
        ("services: []]\n", "E005 1:13 a closing bracket has no opening one\n"),
        ("simulation:\n\tseed: 1\n", "E005 2:1 a tab cannot be used for indentation (indent with spaces)\n"),
        ("name: @x\n", "E005 1:7 a text without quotes cannot begin with this character (write the text in quotes)\n"),
        ("name: 1\nseed\nlabels: {}\n", "E005 2:1 this is neither `key: value` nor an element `- value` of a list\n"),
        (
            "- a\nb: 1\n",
            "E005 2:1 the indentation does not fit what stands above (keys of one map, and the `-` of one list, begin in the same column)\n",
        ),
        (
            "services: - a\n",
            "E005 1:11 an element of a list cannot begin here (begin a list on the line after its key, or write it as `[a, b]`)\n",
        ),
        (
            "name: \"\\q\"\n",
            "E005 1:7 a double-quoted text has a backslash that means nothing (write `\\\\` for a backslash, or use single quotes, in which a backslash is a letter like any other)\n",
        ),
        (
            "name: a\n---\nname: b\n",
            "E007 2:1 the file holds more than one YAML document (a scenario is one document; put the other one into a file of its own and name it under `include:`)\n",
        ),
        (
            "name: *x\n",
            "E008 1:7 the alias `*x` names nothing (mark a value with `&x` first, or write the text in quotes if no alias is meant)\n",
        ),
        ("labels: &x {a: *x}\n", "E008 1:16 the alias `*x` stands inside the very value it names\n"),
        (
            "name: !Ref x\n",
            "E010 1:7 the tag `!Ref` means nothing in a scenario (this is a CloudFormation template's function; `ecsim import` turns a template into a scenario)\n",
        ),
        ("name: !!int x\n", "E010 1:7 `x` is not what its tag `!!int` says\n"),
        ("name: !!str 12\nlabels: !!map {a: !!str true}\n", ""),
        (
            "name: {{ x }}\n",
            "E011 1:8 a key must be a text, not a map or a list (`{{ … }}` is not filled in here; a text that begins with `{` must stand in quotes)\n",
        ),
        (
            "? [a]\n: x\n",
            "E011 1:3 a key must be a text, not a map or a list (write the key as a text, in quotes if it begins with `{` or `[`)\n",
        ),
        (": x\n", "E011 1:1 a key is missing before this `:`\n"),
        (
            "simulation: {seed: .nan}\n",
            "E012 1:20 `.nan` is not a number that can be used here (numbers must be finite; if it is meant as a text, write it in quotes)\n",
        ),
        (
            "name: a\nlabels: {a: x, a: y}\nname: b\n",
            "E006 2:16 2:10 the key `a` is given twice in one map (keep one of them; YAML would silently use only one)\nE006 3:1 1:1 the key `name` is given twice in one map (keep one of them; YAML would silently use only one)\n",
        ),
        (
            "cluster: {clusterName: a, ClusterName: b}\n",
            "E006 1:27 1:11 the field `ClusterName` is given twice, in two spellings\n",
        ),
        (
            "labels: {<<: 5, a: b}\n",
            "E019 1:14 the merge key `<<` takes a map or a list of maps (for example `<<: *defaults`, where `&defaults` marks a map)\n",
        ),
        (
            "name: a\0b\n",
            "E004 1:8 the control character U+0000 cannot stand in a scenario (remove it; inside double quotes it can be written as an escape such as \"\\x1b\")\n",
        ),
        (
            "name: a\u{1b}[31m\n",
            "E004 1:8 the control character U+001B cannot stand in a scenario (remove it; inside double quotes it can be written as an escape such as \"\\x1b\")\n",
        ),
        ("just a text\n", "E021 1:1 the scenario: expected a map, found the text `just a text`\n"),
        ("- 1\n", "E021 1:1 the scenario: expected a map, found a list\n"),
        ("42", "E021 1:1 the scenario: expected a map, found the number `42`\n"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_not_utf_8_is_placed_to_the_byte() {
    assert_eq!(
        short(&load_text(b"name: \xC3\xA9\r\nlabels: {a: \xFF}\n".to_vec())),
        "E003 2:13 `main.yaml` is not UTF-8: byte 22 (line 2, column 13) does not belong to any letter (save the file as UTF-8)\n"
    );
    let wide: Vec<u8> = "name: x\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(wide.iter().copied()).collect();
    assert!(short(&load_text(marked)).contains("it looks like UTF-16"));
    assert!(short(&load_text(wide)).contains("the file looks like UTF-16"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let windows = format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(load_text(windows).document.unwrap().to_value(), load_text(GOOD).document.unwrap().to_value());
    let old_mac = "name: x\rlabls: {}\r";
    check(old_mac, "E020 2:1 unknown field `labls` at the top of the scenario (did you mean `labels`?)\n");
}

#[test]
fn json_is_yaml_with_its_tabs_and_its_halved_letters() {
    let text = "{\n\t\"name\": \"a\\/b \\ud83e\\udd80 \\u00e9\",\n\t\"labels\": {\"\\ud83e\\udd80\": \"\\\\ud83e\", \"x\": 1}\n}\n";
    let loaded = load_text(text);
    // Columns are those of the text as it was written, although its escapes were rewritten for the parser.
    assert_eq!(short(&loaded), "E021 3:45 `x`: expected a text, found the number `1` (write it in quotes: `\"1\"`)\n");
    let document = loaded.document.unwrap();
    let value = document.to_value();
    assert_eq!(value["name"], "a/b 🦀 é");
    assert_eq!(value["labels"]["🦀"], "\\ud83e");
    assert_eq!(loaded.sources.text(document.at("labels").key("x").key_span()), "\"x\"");
}

#[test]
fn aliases_and_merge_keys_work() {
    let files = MemoryFiles::new().with(
        "main.yaml",
        "\
services:
- &base {serviceName: a, taskDefinition: t, desiredCount: 2}
- {<<: *base, serviceName: b}
- *base
labels: {22: ssh, true: yes, &k key: v, ~: x}
",
    );
    let value = value_of(&files, &[]);
    assert_eq!(value["services"][1], serde_json::json!({"serviceName": "b", "taskDefinition": "t", "desiredCount": 2}));
    assert_eq!(value["services"][2], value["services"][0]);
    assert_eq!(value["labels"], serde_json::json!({"22": "ssh", "true": "yes", "key": "v", "~": "x"}));
    // One mistake seen through three aliases is one mistake.
    check(
        "labels: {}\nservices:\n- &a {serviceName: 5, taskDefinition: t}\n- *a\n- *a\n",
        "E021 3:20 `serviceName`: expected a text, found the number `5` (write it in quotes: `\"5\"`)\n",
    );
}

#[test]
fn includes_merge_maps_append_lists_and_report_conflicts() {
    let files = MemoryFiles::new()
        .with("main.yaml", "include: [lab/base.yaml, lab/more.yaml]\nname: x\nservices:\n- {serviceName: c, taskDefinition: t}\n")
        .with("lab/base.yaml", "include: common.yaml\nsimulation: {seed: 4}\nservices: [{serviceName: a, taskDefinition: t}]\n")
        .with("lab/more.yaml", "include: [common.yaml]\nsimulation: {duration: 5m, seed: 4}\nservices:\n- {serviceName: b, taskDefinition: t}\nlabels:\n")
        .with("lab/common.yaml", "taskDefinitions:\n- include: ../td.json\n- include: all.json\n- {taskDefinition: {family: inline}}\n")
        .with("lab/all.json", "[{\"family\": \"one\"}, {\"taskDefinition\": {\"family\": \"two\"}}]")
        .with("td.json", "{\"taskDefinition\": {\"family\": \"td\"}, \"tags\": []}");
    let loaded = load_files(&files, &[]);
    // An empty `labels:` in one file is nothing at all, here and in the merged whole.
    assert_eq!(
        short(&loaded),
        "E021 lab/more.yaml:5:1 `labels`: expected a map, found nothing (give a value, or remove the key)\n"
    );
    let value = loaded.document.unwrap().to_value();
    let names: Vec<&str> =
        value["services"].as_array().unwrap().iter().map(|s| s["serviceName"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let families: Vec<&str> =
        value["taskDefinitions"].as_array().unwrap().iter().map(|s| s["family"].as_str().unwrap()).collect();
    assert_eq!(families, ["td", "one", "two", "inline"]);
    assert_eq!(value["taskDefinitions"][0]["tags"], serde_json::json!([]));
    assert_eq!(value["simulation"], serde_json::json!({"seed": 4, "duration": "5m"}));

    let conflict = MemoryFiles::new()
        .with("main.yaml", "include: [a.yaml]\nname: x\nsimulation: 5\n")
        .with("a.yaml", "name: y\nsimulation: {seed: 1, sed: 1}\n");
    assert_eq!(
        short(&load_files(&conflict, &[])),
        "\
E016 2:7 a.yaml:1:7 two files say different things here: the text `y` and the text `x` (keep one of them, or change the value with `--set`)
E016 3:13 a.yaml:2:13 two files say different things here: a map and the number `5` (keep one of them, or change the value with `--set`)
E020 a.yaml:2:23 unknown field `sed` in `simulation` (did you mean `seed`?)
"
    );
}

#[test]
fn includes_that_cannot_work_are_said_once_each() {
    let files = MemoryFiles::new()
        .with(
            "main.yaml",
            "\
include: [gone.yaml, main.yaml, list.yaml, bad.yaml]
cluster: {include: nowhere.json}
simulation: {include: sim.yaml}
taskDefinitions: [{include: td.json}, {include: 5}, {include: [td.json]}]
services: {include: describe.json}
workload: [{include: loop.yaml}]
",
        )
        .with("list.yaml", "[1]")
        .with("bad.yaml", "name: [")
        .with("sim.yaml", "seed: x")
        .with("td.json", "{\"family\": \"a\", \"cpu\": 256}")
        .with("describe.json", "{\"services\": [], \"failures\": []}")
        .with("loop.yaml", "duration: {include: loop2.yaml}")
        .with("loop2.yaml", "include: loop.yaml");
    assert_eq!(
        short(&load_files(&files, &[])),
        "\
E001 1:11 cannot read `gone.yaml`: there is no such file (paths are relative to the file that names them)
E015 1:22 `main.yaml` includes itself: main.yaml → main.yaml
E014 1:33 list.yaml:1:1 `list.yaml` cannot be merged: it holds a list, not a map
E001 2:20 cannot read `nowhere.json`: there is no such file (paths are relative to the file that names them)
E014 4:49 `include` takes the path of a file or a list of paths, not a number (for example `include: [services.yaml, task-definitions.yaml]`)
E021 sim.yaml:1:7 `seed`: expected a whole number, found the text `x`
E021 td.json:1:24 `cpu`: expected a text, found the number `256` (write it in quotes: `\"256\"`)
E021 describe.json:1:1 `services`: expected a list, found a map (write it as a list: `[ ]` around it, or each element on a line that begins with `- `)
E015 loop2.yaml:1:10 `loop.yaml` includes itself: loop.yaml → loop2.yaml → loop.yaml
E005 bad.yaml:1:8 bad.yaml:1:7 a `[` or `{` is not closed, or a value is missing
"
    );
}

#[test]
fn include_traps_end() {
    let mut deep = MemoryFiles::new().with("main.yaml", "include: f0.yaml\n");
    let mut wide = MemoryFiles::new().with("main.yaml", "workload: [{include: [f0.yaml, f0.yaml]}]\n");
    for level in 0..30 {
        deep.insert(format!("f{level}.yaml"), format!("include: [f{}.yaml]\n", level + 1));
        let next = level + 1;
        wide.insert(
            format!("f{level}.yaml"),
            format!("[{{include: [f{next}.yaml, f{next}.yaml]}}, {{include: f{next}.yaml}}]\n"),
        );
    }
    assert_eq!(short(&load_files(&deep, &[])), "E015 f15.yaml:1:11 more than 16 files include one another in a row\n");
    let found = short(&load_files(&wide, &[]));
    assert!(found.lines().any(|line| line.ends_with("more than 1000 files are included")), "{found}");

    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let files = MemoryFiles::new()
        .with("main.yaml", "workload: [{include: a.yaml}]")
        .with("a.yaml", format!("[{}]", "[".repeat(40) + "{include: b.yaml}" + &"]".repeat(40)))
        .with("b.yaml", nested);
    assert!(
        short(&load_files(&files, &[]))
            .contains("E009 a.yaml:1:52 with `b.yaml` maps and lists are nested more than 128 deep")
    );
}

#[test]
fn overrides_change_one_value() {
    let files = MemoryFiles::new().with("main.yaml", GOOD);
    for (text, path, expected) in [
        ("services.web.desiredCount=6", "/services/0/desiredCount", "6"),
        ("services.web.DesiredCount=6", "/services/0/desiredCount", "6"),
        ("services.0.desiredCount=6", "/services/0/desiredCount", "6"),
        ("services[1].desiredCount= 6", "/services/1/desiredCount", "6"),
        ("services['api'].desiredCount=6", "/services/1/desiredCount", "6"),
        ("simulation.seed=9", "/simulation/seed", "9"),
        ("simulation.metricsPeriod=5m", "/simulation/metricsPeriod", "\"5m\""),
        ("instanceTypes.my.gpu.vcpu=8", "/instanceTypes/my.gpu/vcpu", "8"),
        ("instanceTypes.\"my.gpu\".vcpu=8", "/instanceTypes/my.gpu/vcpu", "8"),
        ("services.web.placementStrategy=[]", "/services/0/placementStrategy", "[]"),
        ("services.web.placementStrategy.0={type: random}", "/services/0/placementStrategy/0", "{\"type\":\"random\"}"),
        ("labels.new.x=a=b", "/labels/new/x", "\"a=b\""),
        ("services.api.autoScaling.targetValue=50", "/services/1/autoScaling/TargetValue", "50"),
        ("name=", "/name", "null"),
        ("taskDefinitions.web.cpu='1024'", "/taskDefinitions/0/cpu", "\"1024\""),
    ] {
        let loaded = load_files(&files, &[text]);
        let value = loaded.document.unwrap().to_value();
        assert_eq!(value.pointer(path).map(Value::to_string).as_deref(), Some(expected), "{text}");
        if !text.starts_with("labels") {
            assert!(loaded.diagnostics.is_empty(), "{text}");
        }
    }
    let twice = value_of(&files, &["simulation.seed=1", "simulation.seed=2"]);
    assert_eq!(twice["simulation"]["seed"], 2);
}

#[test]
fn overrides_that_cannot_be_applied_say_why() {
    let files = MemoryFiles::new().with(
        "main.yaml",
        "name: x\nservices: [{serviceName: web, taskDefinition: t}, {serviceName: web, taskDefinition: t}, {serviceName: api, taskDefinition: t}]\nlabels: {}\nworkload: [{at: []}]\n",
    );
    for (text, expected) in [
        ("services.wep.desiredCount=6", "E018 command line:1:16 the list has no element `wep` (did you mean `web`?)\n"),
        ("services.9.desiredCount=6", "E018 command line:1:16 the list has no element `9`\n"),
        (
            "services.web.desiredCount=6",
            "E018 command line:1:16 2 elements are called `web` (name it by its place in the list, counted from 0: [0], [1])\n",
        ),
        (
            "services.api.desiredCont=6",
            "E020 command line:1:20 unknown field `desiredCont` in a service (did you mean `desiredCount`?)\n",
        ),
        (
            "services.api.desiredCount=six",
            "E021 command line:1:33 `desiredCount`: expected a whole number, found the text `six`\n",
        ),
        ("name.x=1", "E018 command line:1:12 1:7 `x` cannot be set: the text `x` has no fields\n"),
        (
            "nonsense",
            "E017 command line:1:7 this override has no `=` (write `--set path=value`, for example `--set services.web.desiredCount=6` or `--set instanceTypes.\"my.gpu\".gpus=8`)\n",
        ),
        (
            "=1",
            "E017 command line:1:7 this override has no path before its `=` (write `--set path=value`, for example `--set services.web.desiredCount=6` or `--set instanceTypes.\"my.gpu\".gpus=8`)\n",
        ),
        (
            "a..b=1",
            "E017 command line:1:9 a name is missing before this dot (write `--set path=value`, for example `--set services.web.desiredCount=6` or `--set instanceTypes.\"my.gpu\".gpus=8`)\n",
        ),
        ("name=[1", "E005 command line:1:14 command line:1:12 a `[` or `{` is not closed, or a comma is missing\n"),
        (
            "labels=",
            "E021 command line:1:7 `labels`: expected a map, found nothing (give a value, or remove the key)\n",
        ),
        ("workload.x=1", "E018 command line:1:16 the list has no element `x`\n"),
    ] {
        assert_eq!(short(&load_files(&files, &[text])), expected, "{text}");
    }
    for text in [
        "",
        ".",
        "=",
        "[",
        "[\"",
        "[\"a\"",
        "[\"a\"x=1",
        "a[=",
        "a[0",
        "'",
        "a'b'=1",
        "a.=1",
        "é.ü=1",
        "\u{0}=1",
        "services[é]=1",
    ] {
        load_files(&files, &[text]);
    }
}

#[test]
fn files_that_cannot_be_read_have_no_excerpt_but_a_reason() {
    let loaded = load_files(&MemoryFiles::new(), &["name=x"]);
    assert!(loaded.document.is_none());
    assert_eq!(
        loaded.diagnostics.render(&loaded.sources, RenderOptions::default()),
        "error[E001]: cannot read `main.yaml`: there is no such file\n\n"
    );
    let limits = Limits { max_bytes: 1000, ..Limits::default() };
    let files = MemoryFiles::new().with("main.yaml", "include: a.yaml").with("a.yaml", vec![b'#'; 990]);
    let loaded = load(&files, "main.yaml", &[], &limits, &schema());
    assert_eq!(
        short(&loaded),
        "E002 1:10 cannot read `a.yaml`: it has 990 bytes, and at most 985 bytes are read (a scenario and all it includes may have 1000 bytes; large traces belong into CSV files of their own, which are read piece by piece)\n"
    );
}

#[test]
fn a_broken_schema_is_our_fault_and_no_panic() {
    let files = MemoryFiles::new().with("main.yaml", "a: 1");
    let loaded = load(&files, "main.yaml", &[], &Limits::default(), &serde_json::json!({"type": "nonsense"}));
    assert!(short(&loaded).starts_with("E029 ecsim's own schema cannot be used"));
}

#[test]
fn traps_are_refused_quickly() {
    let letters: Vec<char> = ('a'..='m').collect();
    let bomb: String = letters
        .windows(2)
        .map(|pair| format!("{0}: &{0} [{1}]\n", pair[1], vec![format!("*{}", pair[0]); 9].join(", ")))
        .collect();
    let mut two_hundred = "services:\n".to_owned();
    for service in 0..100 {
        two_hundred.push_str(&format!(
            "- {{serviceName: s{service}, taskDefinition: t, desiredCount: many, lunchType: EC2}}\n"
        ));
    }
    for (text, code, count) in [
        (format!("a: &a [x, x, x]\n{bomb}"), "E008", 1),
        ("[".repeat(100_000), "E009", 1),
        ("{a: ".repeat(100_000), "E009", 1),
        ("- ".repeat(100_000), "E009", 1),
        ("? ".repeat(100_000), "E009", 1),
        ((0..3000).map(|level| format!("{}a:\n", " ".repeat(level))).collect(), "E009", 1),
        (format!("name: \"{}", "x\n ".repeat(100_000)), "E005", 1),
        (format!("nam: {}", "x".repeat(5_000_000)), "E020", 1),
        (format!("labels: [{}]", "1, ".repeat(100_000)), "E021", 1),
        (format!("labels: {{{}}}", "a: b, ".repeat(10_000)), "E006", 9_999),
        (
            format!("labels: {}1{}", (0..120).map(|n| format!("&a{n} [")).collect::<String>(), "]".repeat(120)),
            "E021",
            1,
        ),
        (two_hundred, "E02", 200),
    ] {
        let loaded = load_text(text.as_bytes());
        let rendered = loaded.diagnostics.render(&loaded.sources, RenderOptions::default());
        assert!(rendered.starts_with(&format!("error[{code}")), "{}", rendered.chars().take(500).collect::<String>());
        assert_eq!(loaded.diagnostics.len(), count, "{}", rendered.chars().take(500).collect::<String>());
        assert!(rendered.lines().all(|line| line.chars().count() < 300));
    }
    let values = load(
        &MemoryFiles::new().with("main.yaml", "labels: [1, 2, 3]"),
        "main.yaml",
        &[],
        &Limits { max_nodes: 4, ..Limits::default() },
        &schema(),
    );
    assert_eq!(short(&values), "E009 1:16 the scenario has more than 4 values\n");
}

fn places_are_in_their_texts(node: &Node, sources: &SourceMap) {
    let check = |span: Span| {
        let text = sources.get(span.file).unwrap().text();
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} in {text:?}");
    };
    check(node.span);
    for element in node.as_list().unwrap_or(&[]) {
        places_are_in_their_texts(element, sources);
    }
    for entry in node.as_map().into_iter().flat_map(|map| map.iter()) {
        check(entry.key_span);
        places_are_in_their_texts(&entry.value, sources);
    }
}

/// A small generator of chance, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn no_text_whatever_makes_it_panic() {
    const PIECES: [&str; 48] = [
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "#",
        "'",
        "\"",
        "|",
        ">",
        "&a ",
        "*a",
        "!t ",
        "!!str ",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "<<",
        "\\",
        "\\ud83e\\udd80",
        "é",
        "🦀",
        "\u{FEFF}",
        "\r",
        "\r\n",
        "\u{85}",
        "\u{2028}",
        "0",
        "-1",
        ".nan",
        "~",
        "include: ",
        "main.yaml",
        "services:\n",
        "- serviceName: x\n",
        "  taskDefinition: t\n",
        "labels: ",
        "|2-\n",
        "@",
        "`",
        "\u{0}",
    ];
    // More rounds on demand; the default keeps the test within a second or two.
    let rounds = std::env::var("ECSIM_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3000);
    let checker = Checker::new(&schema()).unwrap();
    for round in 0..rounds {
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ (round as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9));
        let mut bytes: Vec<u8> = if round % 2 == 0 { GOOD.as_bytes().to_vec() } else { Vec::new() };
        for _ in 0..1 + chance.below(30) {
            let at = chance.below(bytes.len() + 1);
            match chance.below(4) {
                0 if !bytes.is_empty() => {
                    let end = (at + chance.below(20)).min(bytes.len());
                    bytes.drain(at..end);
                }
                1 if round % 5 == 0 && at < bytes.len() => bytes[at] = chance.below(256) as u8,
                _ => {
                    let piece = PIECES[chance.below(PIECES.len())];
                    bytes.splice(at..at, piece.bytes());
                }
            }
        }
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let files = MemoryFiles::new().with("main.yaml", bytes);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let loaded = load_with(
                &files,
                "main.yaml",
                &["services.web.desiredCount=6".to_owned()],
                &Limits::default(),
                &checker,
            );
            loaded.diagnostics.render(&loaded.sources, RenderOptions { colour: true, ..RenderOptions::default() });
            loaded.diagnostics.to_json(&loaded.sources);
            let document = loaded.document?;
            places_are_in_their_texts(&document.root, &loaded.sources);
            Some(document.to_value())
        }));
        assert!(outcome.is_ok(), "round {round}: {shown:?}");
    }
}
