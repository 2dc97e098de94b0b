//! Prints what `pins.txt` should say, which takes a few minutes: `cargo run --release -p ecsim-benches --example pin`.

fn main() {
    ecsim_benches::pins::tell_all(|line| println!("{line}"));
}
