//! Random draws are told apart by a purpose, so that changing one policy leaves all other luck as it was.
//!
//! The numbers are permanent and never reused. Policies take those below 100, the world those from 100 on.

use ecsim_kernel::Purpose;

/// Which of equally good victims a service stops (PLC-073, PLC-074); key: the service's name and its how-many-th stop.
pub const SCALE_IN: Purpose = Purpose(20);
/// How much later than six hours a steady state is announced again (SVC-053); key: the service's name and which repeat.
pub const STEADY_REPEAT: Purpose = Purpose(21);
/// Which of equal zones a group launches in (ASG-003); key: the group's name and its how-many-th launch.
pub const LAUNCH_ZONE: Purpose = Purpose(22);
/// Which of equal instances a group terminates (ASG-031); key: the group's name and its how-many-th termination.
pub const TERMINATION: Purpose = Purpose(23);
/// How long a group takes to act on a new desired capacity (LAT-004); key: the group's name and the how-many-th change.
pub const GROUP_REACTION: Purpose = Purpose(24);
/// How much longer or shorter a group waits after a failed launch (ASG-005); key: the group's name and which failure.
pub const LAUNCH_BACKOFF: Purpose = Purpose(25);
/// How long ECS takes to buy an instance for a Managed Instances provider (CP-041); key: the provider's name and the
/// how-many-th time.
pub const MANAGED_REACTION: Purpose = Purpose(26);
/// How much longer or shorter it waits after EC2 had none (CP-041, ASG-005); key: the provider's name and which failure.
pub const MANAGED_BACKOFF: Purpose = Purpose(27);
/// Whether a launch fails for no reason that the scenario knows (ASG-005); key: the name of the group or provider, the
/// how-many-th launch, and how many failed before it.
pub const LAUNCH_LUCK: Purpose = Purpose(28);
