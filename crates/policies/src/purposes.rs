//! Random draws are told apart by a purpose, so that changing one policy leaves all other luck as it was.
//!
//! The numbers are permanent and never reused. Policies take those below 100, the world those from 100 on.

use ecsim_kernel::Purpose;

/// Which of equally good victims a service stops (PLC-073, PLC-074); key: the service's name and its how-many-th stop.
pub const SCALE_IN: Purpose = Purpose(20);
/// How much later than six hours a steady state is announced again (SVC-053); key: the service's name and which repeat.
pub const STEADY_REPEAT: Purpose = Purpose(21);
