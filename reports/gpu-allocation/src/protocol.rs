//! The list of pods of one seed, as the published experiment makes it.
//!
//! The list of the trace is shuffled. Then pods of the list are drawn again, with replacement, and put behind it until the
//! next would pass 130 % of the cluster's GPUs. The published program looks at the share of *one* GPU of the next pod there
//! (so a pod of eight may pass the mark), and stops at the first that is too much; both are done alike. A list that asks
//! for more than 130 % loses pods at random instead.
//!
//! The draws are ours: the published ones are those of another generator, so only means can be compared.

use ecsim::kernel::{Key, Purpose, Stream, Streams};

use crate::Failure;

/// The list is brought to so many percent of the GPUs of the cluster.
const LOAD: u64 = 130;
/// Draws of this study are told apart from those of the simulator.
const LIST: Purpose = Purpose(9_101);

/// A pod of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// MiB.
    pub memory_mib: u64,
    /// How many GPUs.
    pub gpus: u64,
    /// Thousandths of each of them.
    pub gpu_milli: u64,
    /// The models it may run on, with `|` between; empty: any.
    pub gpu_spec: String,
}

impl Pod {
    /// Thousandths of GPUs that it asks for.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.gpus * self.gpu_milli
    }
}

/// The pods of a file of the trace.
///
/// # Errors
/// Where a row cannot be read.
pub fn pods(text: &[u8]) -> Result<Vec<Pod>, Failure> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let find = |name: &str| header.iter().position(|column| column == name);
    let need = |name: &str| find(name).ok_or_else(|| format!("the list of pods has no column `{name}`"));
    let (name, cpu, memory) = (need("name")?, need("cpu_milli")?, need("memory_mib")?);
    let (gpus, share, spec) = (need("num_gpu")?, need("gpu_milli")?, find("gpu_spec"));
    let mut pods = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let number = |at: usize| {
            let cell = row.get(at).unwrap_or_default();
            cell.parse::<u64>().map_err(|error| format!("`{cell}` in the list of pods: {error}"))
        };
        pods.push(Pod {
            name: row.get(name).unwrap_or_default().to_owned(),
            cpu_milli: number(cpu)?,
            memory_mib: number(memory)?,
            gpus: number(gpus)?,
            gpu_milli: number(share)?,
            gpu_spec: spec.and_then(|at| row.get(at)).unwrap_or_default().to_owned(),
        });
    }
    Ok(pods)
}

/// The pods in the order in which they arrive, for a cluster of so many GPUs.
#[must_use]
pub fn list(trace: &[Pod], gpus: u64, seed: u64) -> Vec<Pod> {
    let mut draws = Streams::new(seed, 0).stream(LIST, Key::new("list", 0));
    let mut list = trace.to_vec();
    for last in (1..list.len()).rev() {
        list.swap(last, below(&mut draws, last + 1));
    }
    let most = gpus * 10 * LOAD;
    let mut asked: u64 = trace.iter().map(Pod::asked).sum();
    while asked > most {
        asked -= list.remove(below(&mut draws, list.len())).asked();
        if asked <= most {
            return list;
        }
    }
    if trace.iter().all(|pod| pod.asked() == 0) {
        return list;
    }
    loop {
        let at = below(&mut draws, trace.len());
        let pod = &trace[at];
        if asked + pod.gpu_milli > most {
            return list;
        }
        asked += pod.asked();
        list.push(Pod { name: format!("{}-again-{}", pod.name, list.len()), ..pod.clone() });
    }
}

fn below(draws: &mut Stream, n: usize) -> usize {
    usize::try_from(draws.below(n as u64)).unwrap_or(0)
}

/// The list as a trace that arrives one pod a second.
#[must_use]
pub fn as_trace(list: &[Pod]) -> String {
    let mut text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time\n".to_owned();
    for (at, pod) in list.iter().enumerate() {
        let Pod { name, cpu_milli, memory_mib, gpus, gpu_milli, gpu_spec } = pod;
        text.push_str(&format!("{name},{cpu_milli},{memory_mib},{gpus},{gpu_milli},{gpu_spec},{at}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: usize, gpus: u64, gpu_milli: u64) -> Pod {
        Pod { name: format!("p{name}"), cpu_milli: 1, memory_mib: 1, gpus, gpu_milli, gpu_spec: String::new() }
    }

    #[test]
    fn the_list_is_the_trace_shuffled_and_then_pods_drawn_again() {
        let trace: Vec<Pod> = (0..50).map(|at| pod(at, u64::from(at % 3 == 0), 500)).collect();
        let list = list(&trace, 20, 7);
        let (first, again) = list.split_at(trace.len());
        let mut sorted = first.to_vec();
        sorted.sort_by_key(|pod| trace.iter().position(|other| other == pod));
        assert_eq!(sorted, trace, "every pod of the trace comes once");
        assert_ne!(first, trace);
        let asked: u64 = list.iter().map(Pod::asked).sum();
        assert!(asked <= 26_000 && asked > 25_000, "{asked}");
        assert!(again.iter().all(|pod| pod.name.contains("-again-")));
        assert_eq!(list, super::list(&trace, 20, 7));
        assert_ne!(list, super::list(&trace, 20, 8));
    }

    #[test]
    fn a_list_that_asks_for_too_much_loses_pods() {
        let trace: Vec<Pod> = (0..50).map(|at| pod(at, 1, 1_000)).collect();
        assert_eq!(list(&trace, 20, 7).len(), 26);
    }
}
