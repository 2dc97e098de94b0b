//! The examples run, so that they do not rot.

#[path = "../examples/custom_strategy.rs"]
mod custom_strategy;
#[path = "../examples/run_from_rust.rs"]
mod run_from_rust;

#[test]
fn run_from_rust_runs() {
    run_from_rust::main();
}

#[test]
fn custom_strategy_runs() {
    custom_strategy::main();
}
