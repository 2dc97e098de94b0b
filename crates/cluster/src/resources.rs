//! What an instance offers and a task needs: CPU units, MiB of memory, whole GPUs, network interfaces, host ports.
//!
//! Rules RES-001, RES-006, RES-012, RES-020 to RES-024, RES-030, RES-040.

use core::fmt;

/// An amount of every counted resource of an instance. Ports are not counted but listed: see [`PortSet`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resources {
    /// CPU units; 1,024 are one vCPU (RES-001).
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Whole GPUs (RES-030); thousandths where tasks share them ([`crate::GpuSharing::parts`]).
    pub gpus: u16,
    /// Task network interfaces (RES-040).
    pub enis: u16,
}

impl Resources {
    /// Nothing of anything.
    pub const ZERO: Self = Self { cpu: 0, memory: 0, gpus: 0, enis: 0 };

    /// Whether `need` fits into `self`: required <= remaining in every dimension, equality fits (PLC-005).
    #[must_use]
    pub const fn holds(self, need: Self) -> bool {
        need.cpu <= self.cpu && need.memory <= self.memory && need.gpus <= self.gpus && need.enis <= self.enis
    }

    /// The component-wise larger of both: what the roomiest of a set of instances offers in each dimension.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
            gpus: self.gpus.max(other.gpus),
            enis: self.enis.max(other.enis),
        }
    }

    /// Component-wise sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            cpu: self.cpu.checked_add(other.cpu)?,
            memory: self.memory.checked_add(other.memory)?,
            gpus: self.gpus.checked_add(other.gpus)?,
            enis: self.enis.checked_add(other.enis)?,
        })
    }

    /// Component-wise difference; `None` where something would go below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            cpu: self.cpu.checked_sub(other.cpu)?,
            memory: self.memory.checked_sub(other.memory)?,
            gpus: self.gpus.checked_sub(other.gpus)?,
            enis: self.enis.checked_sub(other.enis)?,
        })
    }

    /// Component-wise difference, never below zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
            gpus: self.gpus.saturating_sub(other.gpus),
            enis: self.enis.saturating_sub(other.enis),
        }
    }

    /// The same without network interfaces: what is given back when the desired status turns STOPPED (RES-014, RES-016).
    #[must_use]
    pub const fn without_enis(self) -> Self {
        Self { enis: 0, ..self }
    }

    /// The network interfaces alone (RES-016).
    #[must_use]
    pub const fn only_enis(self) -> Self {
        Self { enis: self.enis, ..Self::ZERO }
    }
}

/// How many GPUs a task asks for (RES-030).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GpuNeed {
    /// That many, counted as in [`Resources::gpus`]; 0 is none.
    Count(u16),
    /// The value `ALL`: every GPU of the instance, so it fits only an instance with no GPU in use.
    All,
}

impl Default for GpuNeed {
    fn default() -> Self {
        Self::Count(0)
    }
}

/// What one task reserves on the instance it is placed on, static host ports apart (those stand in its definition).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirements {
    /// CPU units (RES-005).
    pub cpu: u32,
    /// MiB (RES-006).
    pub memory: u32,
    /// GPUs (RES-030).
    pub gpus: GpuNeed,
    /// Whether the task takes a network interface, as `awsvpc` tasks do (RES-040).
    pub eni: bool,
}

impl Requirements {
    /// The least that an instance must have left: `ALL` GPUs counts as one here, the rest is checked by
    /// [`Requirements::on`].
    #[must_use]
    pub fn least(self) -> Resources {
        let gpus = match self.gpus {
            GpuNeed::Count(count) => count,
            GpuNeed::All => 1,
        };
        Resources { cpu: self.cpu, memory: self.memory, gpus, enis: u16::from(self.eni) }
    }

    /// What the task reserves on an instance that registered `registered` (RES-030: `ALL` is all of its GPUs).
    #[must_use]
    pub fn on(self, registered: Resources) -> Resources {
        let gpus = match self.gpus {
            GpuNeed::Count(count) => count,
            GpuNeed::All => registered.gpus.max(1),
        };
        Resources { gpus, ..self.least() }
    }
}

/// TCP and UDP are separate name spaces (RES-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Listed under `PORTS`.
    Tcp,
    /// Listed under `PORTS_UDP`.
    Udp,
}

/// A static host port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// 1 to 65,535.
    pub number: u16,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        write!(f, "{}/{protocol}", self.number)
    }
}

/// The host ports in use on an instance, the agent's own included (RES-012). Sorted; at most a hundred or so (RES-024).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortSet(Vec<Port>);

impl PortSet {
    /// A set of the given ports; doubles count once.
    pub fn new(ports: impl IntoIterator<Item = Port>) -> Self {
        let mut ports: Vec<Port> = ports.into_iter().collect();
        ports.sort_unstable();
        ports.dedup();
        Self(ports)
    }

    /// Whether the port is in use.
    #[must_use]
    pub fn contains(&self, port: Port) -> bool {
        self.0.binary_search(&port).is_ok()
    }

    /// Whether all of `ports` are free and `limit` ports in use are not exceeded with them (RES-024).
    #[must_use]
    pub fn can_add(&self, ports: &[Port], limit: usize) -> bool {
        ports.is_empty() || (self.0.len() + ports.len() <= limit && !ports.iter().any(|port| self.contains(*port)))
    }

    /// Marks a port as in use; returns false where it was already.
    pub fn insert(&mut self, port: Port) -> bool {
        match self.0.binary_search(&port) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, port);
                true
            }
        }
    }

    /// Marks a port as free; returns false where it was already.
    pub fn remove(&mut self, port: Port) -> bool {
        match self.0.binary_search(&port) {
            Ok(at) => {
                self.0.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// How many ports are in use, TCP and UDP together (RES-024).
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no port is in use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ports of one protocol, ascending.
    pub fn of(&self, protocol: Protocol) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().filter(move |port| port.protocol == protocol).map(|port| port.number)
    }

    /// All ports, TCP first, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Port> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(number: u16) -> Port {
        Port { protocol: Protocol::Tcp, number }
    }

    #[test]
    fn plc_005_equality_fits_and_one_more_does_not() {
        let room = Resources { cpu: 256, memory: 512, gpus: 1, enis: 1 };
        assert!(room.holds(room));
        for (cpu, memory, gpus, enis) in [(257, 0, 0, 0), (0, 513, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2)] {
            assert!(!room.holds(Resources { cpu, memory, gpus, enis }));
        }
    }

    #[test]
    fn res_022_tcp_and_udp_are_separate() {
        let mut ports = PortSet::new([tcp(53)]);
        assert!(!ports.can_add(&[tcp(53)], 100));
        assert!(ports.can_add(&[Port { protocol: Protocol::Udp, number: 53 }], 100));
        assert!(ports.insert(Port { protocol: Protocol::Udp, number: 53 }));
        assert_eq!(ports.len(), 2);
        assert!(ports.remove(tcp(53)));
        assert!(!ports.remove(tcp(53)));
        assert_eq!(ports.of(Protocol::Udp).collect::<Vec<_>>(), [53]);
    }

    #[test]
    fn res_024_the_limit_counts_both_protocols() {
        let ports = PortSet::new((1..=99).map(tcp));
        assert!(ports.can_add(&[Port { protocol: Protocol::Udp, number: 1 }], 100));
        assert!(!ports.can_add(&[Port { protocol: Protocol::Udp, number: 1 }, tcp(200)], 100));
        assert!(PortSet::new((1..=120).map(tcp)).can_add(&[], 100), "a task without static ports never fails on ports");
    }

    #[test]
    fn res_030_all_gpus_means_every_one_of_the_instance() {
        let need = Requirements { gpus: GpuNeed::All, ..Requirements::default() };
        assert_eq!(need.least().gpus, 1);
        assert_eq!(need.on(Resources { gpus: 4, ..Resources::ZERO }).gpus, 4);
    }
}
