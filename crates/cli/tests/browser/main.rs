//! `report.html` in a real browser: opened from a file, clicked through, light and dark, on a phone and on a projector.
//!
//! Needs Chromium (Debian's package `chromium`, or `ECSIM_CHROMIUM`); without it, and where `ECSIM_BROWSER=off`, the tests say
//! that they were skipped; where `ECSIM_BROWSER=required` they fail without it. Pictures are left in `ECSIM_SCREENSHOTS` where that names a directory.

mod chromium;
#[path = "../kit/mod.rs"]
mod kit;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chromium::{Browser, Screen};
use serde_json::json;

const DESK: Screen = Screen { width: 1300, height: 900, dark: false, phone: false };
const PROJECTOR: Screen = Screen { width: 1920, height: 1080, dark: true, phone: false };
const PHONE: Screen = Screen { width: 390, height: 844, dark: false, phone: true };

/// One browser at a time: each keeps more than a core busy, and pages that wait for one another draw late.
static TURN: Mutex<()> = Mutex::new(());

/// The browser, or nothing, said plainly.
fn browser() -> Option<(MutexGuard<'static, ()>, Browser)> {
    if std::env::var("ECSIM_BROWSER").as_deref() == Ok("off") {
        eprintln!("skipped: ECSIM_BROWSER is off");
        return None;
    }
    let Some(program) = chromium::installed() else {
        assert_ne!(std::env::var("ECSIM_BROWSER").as_deref(), Ok("required"), "there is no Chromium");
        eprintln!("skipped: there is no Chromium");
        return None;
    };
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Some((turn, Browser::start(&program)))
}

/// A fleet with Spot, two services, batch work, and work that finds no place.
const SCENARIO: &str = r#"
name: page
simulation: {start: 2026-03-02T08:00:00Z, duration: 4h, seed: 5}
autoScalingGroups:
  - autoScalingGroupName: asg
    minSize: 2
    maxSize: 12
    desiredCapacity: 4
    availabilityZones: [us-east-1a, us-east-1b]
    mixedInstancesPolicy:
      instancesDistribution: {onDemandBaseCapacity: 1, onDemandPercentageAboveBaseCapacity: 0}
      launchTemplate: {overrides: [{instanceType: m5.large}, {instanceType: m5a.large}]}
capacityProviders:
  - {name: cp, autoScalingGroupProvider: {autoScalingGroup: asg, managedScaling: {status: ENABLED, targetCapacity: 100}}}
cluster: {defaultCapacityProviderStrategy: [{capacityProvider: cp, weight: 1}]}
taskDefinitions:
  - {family: web, containerDefinitions: [{name: web, image: web, cpu: 512, memoryReservation: 512}]}
  - {family: huge, containerDefinitions: [{name: huge, image: huge, cpu: 8192, memoryReservation: 512}]}
  - {family: job, containerDefinitions: [{name: job, image: job, cpu: 256, memoryReservation: 900}]}
services:
  - {serviceName: web, taskDefinition: web, desiredCount: 8}
  - {serviceName: huge, taskDefinition: huge, desiredCount: 1, launchType: EC2, capacityProviderStrategy: []}
workload:
  - {name: jobs, runTask: {taskDefinition: job}, every: {poisson: {ratePerHour: 60}}, duration: 9m, whenUnplaced: queue}
behavior:
  autoScalingGroups: {asg: {spotInterruptions: {profile: advisor, band: 90%}}}
"#;

/// A run in a directory of its own, and its page.
fn page_of(scenario: &str) -> (tempfile::TempDir, PathBuf) {
    let place = kit::workplace();
    let output = kit::run(place.path(), &["run", scenario, "--quiet", "--events", "--out", "run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = place.path().join("run/report.html");
    assert!(page.is_file());
    (place, page)
}

fn assert_quiet(browser: &Browser, page: &Path) {
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
    let own = format!("file://{}", page.display());
    let foreign: Vec<_> = browser.requests.iter().filter(|url| **url != own && !url.starts_with("data:")).collect();
    assert!(foreign.is_empty(), "the page loads {foreign:?}");
}

#[test]
fn a_click_through() {
    let Some((_turn, mut browser)) = browser() else { return };
    let (_place, page) = page_of("scenarios/quickstart.yaml");
    browser.open(&page, DESK);
    browser.picture("desk");

    // The replay: by button, by key, by slider.
    browser.click("#play");
    browser.until("clock.playing && clock.now > 0");
    browser.key(" ", 32);
    browser.until("!clock.playing");
    browser.script("document.getElementById('stage').focus()");
    browser.key("Home", 36);
    browser.until("clock.now === 0");
    browser.key("ArrowRight", 39);
    browser.until("clock.now === 60");
    browser.key("+", 187);
    browser.script("clock.seek(3600)");
    browser.until("document.getElementById('now').textContent === '09:00:00'");

    // A click on a block tells the life of its task, from there the life of its instance.
    let spot = browser.script(
        "(() => { const box = replay.boxes[0]; const rect = rectOf(box, box.group.place[0]); \
         const view = document.getElementById('stage'); view.scrollIntoView({block: 'center', behavior: 'instant'}); \
         const at = view.getBoundingClientRect(); return [at.x + rect.x + box.w / 2, at.y + rect.y + box.h * 0.97]; })()",
    );
    browser.click_at((spot[0].as_f64().expect("x"), spot[1].as_f64().expect("y")));
    browser.until("!document.getElementById('life').hidden");
    let life = browser.script("document.getElementById('life').innerText").to_string();
    assert!(life.contains("task ") && life.contains("RUNNING") && life.contains("ecsim explain"), "{life}");
    browser.picture("life");
    browser.click("#life dl button.link");
    browser.until("document.getElementById('life').innerText.includes('m5.large')");
    browser.key("Escape", 27);
    browser.until("document.getElementById('life').hidden");

    // Found by its name.
    browser.click("#find");
    browser.write("web-2");
    browser.key("Enter", 13);
    browser.script("document.getElementById('find').dispatchEvent(new Event('change'))");
    browser.until("document.querySelector('#life h3')?.textContent === 'web-2'");
    assert!(browser.script("document.getElementById('life').innerText").to_string().contains("It left: user"));
    browser.key("Escape", 27);

    // Charts: one cursor for all, zoom by dragging, all share the range, and back.
    browser.find(".chart .plot");
    browser.until("document.querySelector('.chart').dataset.drawn === 'yes'");
    browser.until_over(".chart .plot", "document.getElementById('cursor').textContent !== ''");
    // A chart that comes into sight at this very moment has its cursor a frame later.
    browser.until_over(
        ".chart .plot",
        "series.charts.filter((it) => it.visible).length > 1 && series.charts.every((it) => !it.visible || !it.line.hidden)",
    );
    let at = browser.find(".chart .plot");
    browser.drag((at.0 - 80.0, at.1), (at.0 + 80.0, at.1));
    browser.until("series.view[0] > 0 && series.view[1] < run.end");
    browser.picture("zoomed");
    browser.click("#zoom-all");
    browser.until("series.view[0] === 0 && series.view[1] === run.end");
    browser.click("#drag-pan");
    browser.click("#zoom-in");
    let at = browser.find(".chart .plot");
    let before = browser.script("series.view[0]");
    browser.drag(at, (at.0 - 100.0, at.1));
    browser.until(&format!("series.view[0] > {before}"));
    browser.click("#zoom-all");
    let at = browser.find(".chart .plot");
    browser.pinch(at, -60.0);
    browser.until("series.view[0] > 0 && series.view[1] < run.end");
    browser.click("#zoom-all");
    browser.click("#drag-pan");
    browser.until("series.drag === false");
    // A click on a chart moves the replay.
    browser.click(".chart .plot");
    browser.until("clock.now !== 3600");

    // Any metric.
    browser.click("#explorer summary");
    browser.click("#any-add");
    browser.until("document.querySelector('#any-chart .chart') !== null");

    // Events: filter, kinds, and a jump.
    browser.click("#events-filter");
    browser.write("steady");
    browser.until("document.querySelectorAll('#events-table tbody tr').length > 0");
    browser.until(
        "[...document.querySelectorAll('#events-table tbody tr')].every((it) => it.textContent.includes('steady'))",
    );
    browser.click("#events-table tbody tr:last-child button.time");
    browser.until("clock.now > 0");

    // The bill adds up in each reading.
    let totals = browser
        .script("[...document.querySelectorAll('.reading tr.total td:nth-child(3)')].map((it) => it.textContent)");
    assert_eq!(totals, json!(["2.06", "2.06", "2.06"]));

    // Dark, at a click.
    let light = browser.script("getComputedStyle(document.body).backgroundColor");
    browser.click("#theme");
    assert_ne!(browser.script("getComputedStyle(document.body).backgroundColor"), light);
    assert_quiet(&browser, &page);
}

#[test]
fn a_fleet_on_a_projector_and_on_a_phone() {
    let Some((_turn, mut browser)) = browser() else { return };
    let place = kit::workplace();
    std::fs::write(place.path().join("page.yaml"), SCENARIO).expect("a place to write");
    let output = kit::run(place.path(), &["run", "page.yaml", "--quiet", "--out", "run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = place.path().join("run/report.html");
    browser.open(&page, PROJECTOR);
    browser.script("clock.seek(5000)");
    browser.picture("projector");
    // Decisions with their arithmetic, on the clock of the replay.
    browser.until("document.querySelectorAll('#scaling-table tbody tr').length > 1");
    assert!(browser.script("document.getElementById('scaling-table').innerText").to_string().contains("CPR "));
    browser.click("#scaling-table tbody button.time");
    browser.until("clock.now !== 5000");
    browser.picture("projector-scaling");
    // Unplaced work says why.
    assert!(browser.script("document.getElementById('unplaced').innerText").to_string().contains("RESOURCE:CPU"));
    let titles = browser.script("[...document.querySelectorAll('.chart')].map((it) => it.dataset.title)").to_string();
    assert!(titles.contains("CapacityProviderReservation against target") && titles.contains("Cost rate"), "{titles}");
    assert_quiet(&browser, &page);

    for (screen, name) in [(PHONE, "phone"), (Screen { dark: true, ..PHONE }, "phone-dark")] {
        browser.open(&page, screen);
        // Nothing sticks out sideways.
        let wide = browser.script("document.documentElement.scrollWidth");
        assert!(wide.as_f64().is_some_and(|wide| wide <= f64::from(screen.width)), "{wide}");
        let mut told = String::new();
        for section in ["numbers", "replay", "series", "scaling", "events", "unplaced", "bill"] {
            let at = browser.find(&format!("#{section} h2, #{section} .cards"));
            let _ = write!(told, "{section} {at:?} ");
            browser.picture(&format!("{name}-{section}"));
        }
        // Charts are drawn when they are looked at.
        browser.find(".chart");
        browser.until("document.querySelectorAll('.chart[data-drawn]').length > 0");
        assert_quiet(&browser, &page);
    }
}

#[test]
fn names_that_look_like_scripts_stay_names() {
    let Some((_turn, mut browser)) = browser() else { return };
    let place = kit::workplace();
    let scenario = SCENARIO.replace("name: page", "name: \"</script><script>window.taken = 1</script><b>\"");
    std::fs::write(place.path().join("page.yaml"), scenario).expect("a place to write");
    let output = kit::run(place.path(), &["run", "page.yaml", "--quiet", "--until", "10m", "--out", "run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = place.path().join("run/report.html");
    browser.open(&page, DESK);
    assert_eq!(browser.script("window.taken === undefined && document.querySelector('h1 b') === null"), json!(true));
    assert_quiet(&browser, &page);
}
