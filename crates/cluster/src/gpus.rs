//! GPUs that tasks share: not ECS, which gives whole ones (RES-030), but what other schedulers offer.
//!
//! Where a scenario switches it on, every amount of GPUs is counted in thousandths instead of whole ones, in all books
//! alike. What is less than one GPU is a *share*, and lies on one device that has as much left; everything else is whole
//! devices that nobody uses. So the books of an instance know what is left of each device.

use crate::instances::Instance;

/// Thousandths of a GPU.
const WHOLE: u16 = 1_000;

/// Whether tasks may share a GPU, and which device of an instance a share lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GpuSharing {
    /// As in ECS: whole GPUs only (RES-030).
    #[default]
    Off,
    /// The device with the least left that is enough; the first of equals.
    Best,
    /// Any device with enough left, evenly.
    Random,
}

impl GpuSharing {
    /// Whether tasks may share.
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// How many parts a GPU is counted in, in every amount of GPUs: 1, or 1,000 where tasks may share.
    #[must_use]
    pub const fn parts(self) -> u16 {
        if self.is_on() { WHOLE } else { 1 }
    }

    /// An amount in words: `2`, `0.46`.
    #[must_use]
    pub fn show(self, amount: u64) -> String {
        let parts = u64::from(self.parts());
        let (whole, rest) = (amount / parts, amount % parts);
        if rest == 0 {
            return whole.to_string();
        }
        let text = format!("{whole}.{rest:03}");
        text.trim_end_matches('0').to_owned()
    }

    /// How many devices an amount lies on: one for a share, else that of its GPUs.
    #[must_use]
    pub const fn devices(self, amount: u16) -> u16 {
        amount.div_ceil(self.parts())
    }
}

impl Instance {
    /// Whether its devices can give as much: a share needs one device with as much left, whole GPUs need free ones.
    #[must_use]
    pub fn gives_gpus(&self, amount: u16) -> bool {
        if amount == 0 || self.gpu_left.is_empty() {
            return amount <= self.remaining.gpus;
        }
        if amount < WHOLE {
            return self.devices_for(amount).next().is_some();
        }
        u32::from(amount) <= u32::from(WHOLE) * self.free_gpu_devices.count_ones()
    }

    /// The devices with as much left, in their order. None where tasks do not share.
    pub fn devices_for(&self, share: u16) -> impl Iterator<Item = u8> + Clone {
        (0_u8..).zip(&self.gpu_left).filter(move |(_, left)| **left >= share).map(|(device, _)| device)
    }

    /// Books as much for a task and says on which devices, as a bit set.
    pub(crate) fn take_gpus(&mut self, amount: u16) -> u64 {
        if amount == 0 {
            return 0;
        }
        if !self.gpu_left.is_empty() && amount < WHOLE {
            let best = |row: &Self| row.devices_for(amount).min_by_key(|device| row.gpu_left[usize::from(*device)]);
            let device = self.gpu_chosen.take().or_else(|| best(self)).expect("a device with enough left");
            let left = &mut self.gpu_left[usize::from(device)];
            *left = left.checked_sub(amount).expect("no more than the device has left");
            self.free_gpu_devices &= !(1 << device);
            return 1 << device;
        }
        let count = if self.gpu_left.is_empty() { amount } else { amount / WHOLE };
        let mut devices = 0;
        for _ in 0..count {
            let device = self.free_gpu_devices & self.free_gpu_devices.wrapping_neg();
            self.free_gpu_devices &= !device;
            devices |= device;
        }
        for left in devices_of(devices, &mut self.gpu_left) {
            *left = 0;
        }
        devices
    }

    /// Gives back what a task had on these devices.
    pub(crate) fn return_gpus(&mut self, devices: u64, amount: u16) {
        if self.gpu_left.is_empty() {
            self.free_gpu_devices |= devices;
            return;
        }
        let mut free = self.free_gpu_devices;
        for (device, left) in self.gpu_left.iter_mut().enumerate().filter(|(device, _)| devices >> device & 1 == 1) {
            *left += amount.min(WHOLE);
            assert!(*left <= WHOLE, "more of a GPU came back than was given");
            free |= u64::from(*left == WHOLE) << device;
        }
        self.free_gpu_devices = free;
    }
}

fn devices_of(devices: u64, left: &mut [u16]) -> impl Iterator<Item = &mut u16> {
    left.iter_mut().enumerate().filter(move |(device, _)| devices >> device & 1 == 1).map(|(_, left)| left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_without_sharing_and_thousandths_with() {
        assert_eq!((GpuSharing::Off.parts(), GpuSharing::Best.parts()), (1, 1_000));
        assert_eq!((GpuSharing::Off.show(8), GpuSharing::Off.devices(8)), ("8".to_owned(), 8));
        for (amount, shown, devices) in
            [(0, "0", 0), (460, "0.46", 1), (1_000, "1", 1), (1_001, "1.001", 2), (8_000, "8", 8)]
        {
            assert_eq!(GpuSharing::Random.show(amount), shown);
            assert_eq!(GpuSharing::Random.devices(u16::try_from(amount).unwrap()), devices);
        }
    }
}
