//! Which random stream is for what. Numbers are permanent and never reused: a changed number changes every run.
//!
//! Keys are names and ordinals from outside the policies ("the 17th start of `web`"), so that changing one policy
//! leaves every other draw as it was.

use ecsim_kernel::Purpose;

/// Times between arrivals of a workload entry. Key: its name.
pub const ARRIVALS: Purpose = Purpose(100);
/// How long a container runs before it ends by itself. Key: origin, container.
pub const DURATION: Purpose = Purpose(101);
/// Whether and when a container crashes. Key: origin, container.
pub const CRASH: Purpose = Purpose(102);
/// How long an image pull takes. Key: origin, container.
pub const IMAGE_PULL: Purpose = Purpose(103);
/// How long create and start take. Key: origin.
pub const START: Purpose = Purpose(104);
/// How long a container takes to exit after the stop signal. Key: origin, container.
pub const STOP: Purpose = Purpose(105);
/// How long attaching a network interface takes. Key: origin.
pub const ENI_ATTACH: Purpose = Purpose(106);
/// How long detaching a network interface takes. Key: origin.
pub const ENI_DETACH: Purpose = Purpose(107);
/// Which of equal instances gets a task (PLC-022). Key: origin.
pub const PLACEMENT_TIE: Purpose = Purpose(108);
/// Which of several subnets in the zone is used (PLC-007). Key: origin.
pub const SUBNET: Purpose = Purpose(109);
/// Whether a task fails to start. Key: origin.
pub const FAIL_TO_START: Purpose = Purpose(110);
/// How much memory a container uses. Key: origin, container.
pub const MEMORY_USE: Purpose = Purpose(111);
/// Which instances a selector of the timeline picks. Key: the call.
pub const SELECTOR: Purpose = Purpose(112);
/// How long registration of an instance takes. Key: its name.
pub const REGISTRATION: Purpose = Purpose(113);
