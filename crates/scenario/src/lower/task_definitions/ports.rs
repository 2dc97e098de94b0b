//! Which host ports a task binds: static ones are reserved, dynamic ones only counted (RES-020 to RES-027).

use ecsim_cluster::definitions::NetworkMode;
use ecsim_cluster::{Port, Protocol};

use super::super::Context;
use crate::document::Locator;
use crate::schema::aws;

/// So many port ranges a container may have (RES-027).
const MOST_RANGES: usize = 100;

impl<'a> Context<'a> {
    /// Static host ports of a container go into `ports`; tells how many dynamic ones it maps (RES-023, RES-025, RES-027).
    pub(super) fn ports(
        &mut self,
        container: &aws::ContainerDefinition,
        mode: NetworkMode,
        at: &Locator<'a>,
        ports: &mut Vec<Port>,
    ) -> u32 {
        let mut dynamic = 0;
        let mappings_at = at.clone().key("portMappings");
        let ranges = container.port_mappings.iter().filter(|mapping| mapping.container_port_range.is_some()).count();
        if ranges > MOST_RANGES {
            let message = format!("{ranges} port ranges, at most {MOST_RANGES} are allowed for a container (RES-027)");
            self.error(&mappings_at, "E330", message, None);
        }
        for (index, mapping) in container.port_mappings.iter().enumerate() {
            let place = mappings_at.clone().index(index);
            if mode == NetworkMode::None {
                let help = Some("use network mode bridge, host or awsvpc, or leave the mapping out".into());
                self.error(&place, "E345", "network mode none allows no port mappings (RES-023)", help);
                continue;
            }
            if mapping.container_port_range.is_some() {
                dynamic += self.port_range(mapping, mode, &place);
            } else {
                dynamic += self.port(mapping, mode, &place, ports);
            }
        }
        dynamic
    }

    fn port(
        &mut self,
        mapping: &aws::PortMapping,
        mode: NetworkMode,
        place: &Locator<'a>,
        ports: &mut Vec<Port>,
    ) -> u32 {
        let protocol = match mapping.protocol.unwrap_or_default() {
            aws::Protocol::Tcp => Protocol::Tcp,
            aws::Protocol::Udp => Protocol::Udp,
        };
        let container_port = match mapping.container_port {
            None => {
                self.error(place, "E345", "a port mapping needs `containerPort` or `containerPortRange`", None);
                return 0;
            }
            Some(0) => {
                let at = place.clone().key("containerPort");
                self.error(&at, "E345", "there is no port 0 in a container", Some("ports are 1 to 65535".into()));
                return 0;
            }
            Some(port) => port,
        };
        let host_port = mapping.host_port.unwrap_or(0);
        match mode {
            NetworkMode::Bridge if host_port == 0 => return 1,
            NetworkMode::Bridge => ports.push(Port { protocol, number: host_port }),
            NetworkMode::Host | NetworkMode::Awsvpc => {
                if host_port != 0 && host_port != container_port {
                    let mode = if mode == NetworkMode::Host { "host" } else { "awsvpc" };
                    let message = format!(
                        "When networkMode={mode}, the host ports and container ports in port mappings must match \
                         (RES-023)"
                    );
                    let help = format!("leave `hostPort` out, or write {container_port}");
                    self.error(&place.clone().key("hostPort"), "E345", message, Some(help));
                }
                // An interface of its own has all ports to itself.
                if mode == NetworkMode::Host {
                    ports.push(Port { protocol, number: container_port });
                }
            }
            NetworkMode::None => {}
        }
        0
    }

    fn port_range(&mut self, mapping: &aws::PortMapping, mode: NetworkMode, place: &Locator<'a>) -> u32 {
        let at = place.clone().key("containerPortRange");
        if mapping.container_port.is_some() || mapping.host_port.is_some() {
            let help = Some("a range is mapped to dynamic host ports (RES-027)".into());
            self.error(&at, "E345", "`containerPortRange` goes with neither `containerPort` nor `hostPort`", help);
            return 0;
        }
        let text = mapping.container_port_range.as_deref().unwrap_or_default();
        let parsed = text.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        let Some((low, high)) = parsed.filter(|(low, high): &(u16, u16)| 0 < *low && low <= high) else {
            let message = format!("`{}` is no port range", crate::diagnostic::shown(text));
            let help = "write the first and the last port, such as \"8000-8009\"";
            self.error(&at, "E345", message, Some(help.into()));
            return 0;
        };
        match mode {
            NetworkMode::Bridge => u32::from(high - low) + 1,
            NetworkMode::Awsvpc | NetworkMode::None => 0,
            NetworkMode::Host => {
                let message = "`containerPortRange` needs network mode bridge or awsvpc (RES-027)";
                self.error(&at, "E345", message, None);
                0
            }
        }
    }
}
