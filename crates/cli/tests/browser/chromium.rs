//! A headless Chromium, spoken to over a pipe in the DevTools protocol: no port, no driver, no library.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Names under which Chromium is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/// So often a condition is looked at, and so long each time.
const LOOKS: u32 = 1_200;
const LOOK: Duration = Duration::from_millis(50);

/// What Chromium leaves alone, so that it neither asks the network for anything nor holds back a page that no window shows.
const QUIET: [&str; 9] = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// Where Chromium is: `ECSIM_CHROMIUM`, or on the path.
pub fn installed() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ECSIM_CHROMIUM").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| places.iter().map(move |place| place.join(name))).find(|file| file.is_file())
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub phone: bool,
}

/// A browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    /// What the page complained about.
    pub complaints: Vec<String>,
    /// What the page asked for.
    pub requests: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser.
    pub fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a place for a profile");
        // Chromium reads from file descriptor 3 and writes to 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2 2>/dev/null"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"])
            .args(QUIET)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Chromium starts");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        let (complaints, requests) = (Vec::new(), Vec::new());
        let mut browser = Self { process, to, from, session: None, calls: 0, complaints, requests, _profile: profile };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(ToOwned::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Calls a method of the protocol.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("Chromium listens");
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).expect("Chromium answers");
            assert_eq!(bytes.pop(), Some(0), "Chromium went away during {method}");
            let answer: Value = serde_json::from_slice(&bytes).expect("an answer in JSON");
            if answer["id"] == json!(self.calls) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            let text = |path: &str| answer.pointer(path).map(ToString::to_string);
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => self.complaints.extend(text("/params/exceptionDetails")),
                Some("Log.entryAdded") => self.complaints.extend(text("/params/entry/text")),
                Some("Network.requestWillBeSent") => {
                    self.requests
                        .extend(answer.pointer("/params/request/url").and_then(Value::as_str).map(ToOwned::to_owned));
                }
                _ => {}
            }
        }
    }

    /// Opens a file and waits until the page says that it is ready.
    pub fn open(&mut self, file: &Path, screen: Screen) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.phone}),
        );
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"features": features}));
        self.call("Page.navigate", &json!({"url": format!("file://{}", file.display())}));
        self.until("document.body && document.body.dataset.ready === 'all'");
    }

    /// What a piece of script gives.
    pub fn script(&mut self, text: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", &json!({"expression": text, "awaitPromise": true, "returnByValue": true}));
        assert!(answer["exceptionDetails"].is_null(), "{text}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Waits for a condition.
    pub fn until(&mut self, condition: &str) {
        self.until_after(condition, |_| {});
    }

    /// Waits for a condition, with the mouse over the middle of what a selector names: what is drawn meanwhile may move it.
    pub fn until_over(&mut self, selector: &str, condition: &str) {
        self.until_after(condition, |browser| {
            let at = browser.find(selector);
            browser.hover((at.0 - 1.0, at.1));
            browser.hover(at);
        });
    }

    fn until_after(&mut self, condition: &str, mut first: impl FnMut(&mut Self)) {
        for _ in 0..LOOKS {
            first(self);
            if self.script(condition) == json!(true) {
                return;
            }
            thread::sleep(LOOK);
        }
        let told = self.script("document.getElementById('trouble')?.textContent ?? ''");
        panic!("never: {condition}; the page says: {told}; complaints: {:?}", self.complaints);
    }

    /// Scrolls to what a selector names and gives the middle of it, once it stays where it is: what comes into sight draws
    /// itself, and may push the rest of the page aside.
    pub fn find(&mut self, selector: &str) -> (f64, f64) {
        let text = format!(
            "(async () => {{ const it = document.querySelector({}); let last = ''; \
             for (let still = 0, looks = 0; still < 3 && looks < 200; looks++) {{ \
             it.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             await new Promise((done) => setTimeout(done, 16)); \
             const box = it.getBoundingClientRect(); const now = `${{box.x}} ${{box.y}} ${{box.width}} ${{box.height}}`; \
             still = now === last ? still + 1 : 0; last = now; }} \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        );
        let at = self.script(&text);
        (at[0].as_f64().expect("a place"), at[1].as_f64().expect("a place"))
    }

    fn mouse(&mut self, kind: &str, (x, y): (f64, f64), pressed: bool) {
        let button = if kind == "mouseMoved" && !pressed { "none" } else { "left" };
        let params =
            json!({"type": kind, "x": x, "y": y, "button": button, "buttons": u8::from(pressed), "clickCount": 1});
        self.call("Input.dispatchMouseEvent", &params);
    }

    /// Moves the mouse there.
    pub fn hover(&mut self, at: (f64, f64)) {
        self.mouse("mouseMoved", at, false);
    }

    /// Clicks there.
    pub fn click_at(&mut self, at: (f64, f64)) {
        self.hover(at);
        self.mouse("mousePressed", at, true);
        self.mouse("mouseReleased", at, false);
    }

    /// Clicks on what a selector names.
    pub fn click(&mut self, selector: &str) {
        let at = self.find(selector);
        self.click_at(at);
    }

    /// Drags from one place to another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.hover(from);
        self.mouse("mousePressed", from, true);
        for step in 1..=8 {
            let share = f64::from(step) / 8.0;
            let at = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            self.mouse("mouseMoved", at, true);
        }
        self.mouse("mouseReleased", to, false);
    }

    /// Turns the wheel there, with the control key: what a trackpad sends when it is pinched.
    pub fn pinch(&mut self, (x, y): (f64, f64), by: f64) {
        let params = json!({"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": by, "modifiers": 2});
        self.call("Input.dispatchMouseEvent", &params);
    }

    /// Presses a key.
    pub fn key(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let params = json!({"type": kind, "key": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Types a text into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Saves a picture where `ECSIM_SCREENSHOTS` names a directory.
    pub fn picture(&mut self, name: &str) {
        let Some(directory) = std::env::var_os("ECSIM_SCREENSHOTS").filter(|it| !it.is_empty()) else { return };
        let answer = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        let text = answer["data"].as_str().expect("a picture");
        fs::create_dir_all(&directory).expect("a place for pictures");
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64");
        fs::write(Path::new(&directory).join(format!("{name}.png")), bytes).expect("the picture is written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
