//! What happened to a service's requests in one stretch of time, and what they cost (load).
//!
//! Counts are thousandths of a request, because rates are means and not single requests; so a stretch of ten seconds at
//! 0.05 requests a second has 500. Shares are millionths.
//!
//! A sample is of the metrics period that ends when it is told; until the next one, each later period is like it.

/// The requests of a service over one metrics period, or a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadSample {
    /// How long it is, in milliseconds.
    pub length_ms: u32,
    /// Requests that arrived, in thousandths.
    pub requests: u64,
    /// Of those: answered by a task with success.
    pub succeeded: u64,
    /// Of those: answered by a task with an error, too late, or lost with it.
    pub failed: u64,
    /// Of those: turned away because nobody could take them.
    pub rejected: u64,
    /// Mean time to the answer, in microseconds.
    pub mean_us: u64,
    /// Median time to the answer, in microseconds.
    pub p50_us: u64,
    /// 95th percentile, in microseconds.
    pub p95_us: u64,
    /// 99th percentile, in microseconds.
    pub p99_us: u64,
    /// CPU that its tasks used: thousandths of a CPU unit, the mean over the stretch.
    pub cpu: u64,
    /// Memory that its tasks used: KiB, the mean over the stretch.
    pub memory_kib: u64,
    /// `CPUUtilization` as CloudWatch has it: millionths of a percent; `None`: no task reported (CW-030, CW-034).
    pub cpu_utilization: Option<u64>,
    /// `MemoryUtilization` likewise.
    pub memory_utilization: Option<u64>,
    /// Of the CPU, what container instances gave (CW-022): thousandths of a CPU unit.
    pub cpu_on_instances: u64,
    /// Of the memory, what is on container instances: KiB.
    pub memory_on_instances_kib: u64,
    /// Tasks that took requests, in thousandths, the mean over the stretch.
    pub receivers: u32,
    /// For how long the service was out of its SLO, in milliseconds; `None`: it has none.
    pub out_of_slo_ms: Option<u32>,
}

/// What a target group sees of a service's requests over one metrics period, or a part of it (LB-033).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetGroupSample {
    /// Requests that went to its targets, in thousandths (`RequestCount`).
    pub requests: u64,
    /// Of those: answered with success (`HTTPCode_Target_2XX_Count`).
    pub succeeded: u64,
    /// Of those: answered with an error, such as that the target has no room for more (`HTTPCode_Target_5XX_Count`).
    pub failed: u64,
    /// Of those: not answered, because it took too long or the target was gone; the load balancer then answers 504 or 502.
    pub unanswered: u64,
    /// Requests that were turned away for want of a target (503), in thousandths: with [`Self::unanswered`]
    /// `HTTPCode_ELB_5XX_Count`.
    pub rejected: u64,
    /// Answers, in thousandths.
    pub answers: u64,
    /// Their mean time, in microseconds (`TargetResponseTime`).
    pub mean_us: u64,
    /// Requests in flight (`ActiveConnectionCount`), in thousandths, the mean over the stretch.
    pub in_flight: u64,
}
