//! Labs: what is wrong with one is said with its place, and what its texts tell is what the run shows.

use ecsim_engine::Simulation;

use crate::kit::*;

const CLUSTER: &str = "\
simulation: {duration: 10m, latencies: none}
containerInstances: [{name: a, registeredResources: {cpu: 1024, memory: 4000}}]
taskDefinitions: [{family: web, containerDefinitions: [{name: app, cpu: 256, memory: 512}]}]
services: [{serviceName: web, taskDefinition: web, desiredCount: 2}]
timeline: [{at: 5m, updateService: {service: web, desiredCount: 3}}]
";

fn lab(choices: &str, explanation: &str) -> String {
    format!(
        "{CLUSTER}lab:\n  title: t\n  level: basic\n  question: q\n  choices:\n{choices}  explanation:\n{explanation}"
    )
}

const CHOICES: &str = "    - {answer: 1, correct: true, remark: r}\n    - {answer: two, remark: r}\n";

#[test]
fn exactly_one_choice_is_right() {
    let none = "    - {answer: 1, remark: r}\n    - {answer: 2, correct: false, remark: r}\n";
    check(
        &lab(none, "    - {say: s}\n"),
        &["E400 10:3 none of the choices of this lab is correct (write `correct: true`"],
    );
    let both = "    - {answer: 1, correct: true, remark: r}\n    - {answer: 2, correct: true, remark: r}\n";
    check(&lab(both, "    - {say: s}\n"), &["E400 12:28 more than one of the choices of this lab is correct"]);
    check(&lab(CHOICES, "    - {say: s}\n"), &[]);
}

/// Every mistake of a lab at once, each at its place: in the text where it stands, not at its beginning.
#[test]
fn mistakes_have_places() {
    let choices = "    - {answer: 1, correct: true, remark: \"so {at 5m: services.web.runingCount} run\"}
    - answer: 2
      remark: \"a } alone\"
      if: {set: [services.wbe.desiredCount=3], say: s, expect: [{at end: cluster.tasksLost == 0}]}
    - answer: 3
      remark: r
      if: {set: [services.web.desiredCount=4], say: \"{at end: cluster.x}\", expect: [{at end: services.web.runningCnt == 4}]}
";
    let explanation = "    - say: \"since {eventually: cluster.tasksLost = 0}\"
      shows: [{at end: services.wbe.runningCount == 2}]
    - say: s
      explain: {service: wbe}
      table: {file: task.csv, columns: [task]}
    - say: s
      explain: {service: web, task: 1}
      table: {file: tasks.csv, columns: [task, startdSeconds], where: {servce: web}}
  next: [{say: s, set: [nmae=x]}]
";
    check(
        &lab(choices, explanation),
        &[
            "E401 11:47 unknown metric `runingCount`; did you mean `runningCount`?",
            "E401 13:18 a brace stands alone",
            "E402 14:17 with these changes it is no scenario: the list has no element `wbe`",
            "E401 17:55 unknown metric `x`",
            "E380 17:107 unknown metric `runningCnt`",
            "E401 19:20 `=` is not a comparison",
            "E380 20:33 unknown service `wbe` (did you mean `web`?)",
            "E403 22:26 no service is called `wbe` (did you mean `web`?)",
            "E403 23:21 a run has no file `task.csv` (did you mean `tasks.csv`?)",
            "E403 25:16 exactly one thing is explained at a time",
            "E403 26:48 tasks.csv has no column `startdSeconds` (did you mean `startedSeconds`?)",
            "E403 26:72 tasks.csv has no column `servce` (did you mean `service`?)",
            "E402 27:24 with these changes it is no scenario: unknown field `nmae`",
        ],
    );
}

/// Numbers and moments of the texts are those of the run, and those of a variant are the variant's.
#[test]
fn texts_tell_what_the_run_shows() {
    let choices = "    - answer: 1
      correct: true
      remark: '{at 1m: services.web.runningCount} of {{braces}}, {max: cluster.CPUReservation}, {at end: containerInstances.a.remaining.memory}'
    - answer: 2
      remark: r
      if: {set: [services.web.desiredCount=1], say: 'then {at 1m: services.web.runningCount}', expect: [{at 1m: services.web.runningCount == 1}]}
";
    let explanation = "    - say: 'three since {eventually: services.web.runningCount == 3}, four {eventually: services.web.runningCount == 4}'
      shows: [{at 1m: services.web.runningCount == 2}, {at end: [services.web.runningCount == 3, cluster.tasksLost == 0]}]
    - {say: 'mean {mean from 5m: services.web.desiredCount}'}
";
    let prepared = prepare_with(lab(choices, explanation), &[]);
    assert!(prepared.diagnostics.is_empty(), "{:?}", problems_of(&prepared));
    let ready = prepared.ready.expect("it can be run");
    let posed = ready.lab.expect("it is a lab");
    assert_eq!((posed.correct(), posed.shows.clone()), (0, vec![0..3, 3..3]));
    let mut simulation = Simulation::new(ready.model);
    let mut watch = posed.tellings.watch(simulation.cluster(), None, simulation.end());
    let mut expectations = ready.expectations.watch(simulation.cluster());
    simulation.run(&mut (&mut watch, &mut expectations));
    assert!(expectations.finish().iter().all(|verdict| verdict.passed));
    assert_eq!(watch.finish(), ["2 of {braces}, 75%, 2464 MiB", "r", "three since 00:05:00, four never", "mean 3"]);
    let [None, Some(variant)] = posed.variants.as_slice() else { panic!("{:?}", posed.variants) };
    let mut simulation = Simulation::new(variant.ready.model.clone());
    let mut watch = variant.telling.watch(simulation.cluster(), None, simulation.end());
    let mut expectations = variant.ready.expectations.clone().watch(simulation.cluster());
    simulation.run(&mut (&mut watch, &mut expectations));
    assert!(expectations.finish().iter().all(|verdict| verdict.passed));
    assert_eq!(watch.finish(), ["then 1"]);
}
