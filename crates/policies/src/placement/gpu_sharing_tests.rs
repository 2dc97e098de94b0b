//! GPUs that tasks share, which ECS does not offer: what fits, on which device, and that definition and index agree with
//! a count on the fingers.

use ecsim_cluster::{Fact, GpuNeed, GpuSharing, InstanceId, PlacementId, Rejection, Resources, TaskId, invariants};
use proptest::prelude::*;

use super::{Request, explain, reference};
use crate::settings::TieBreak::{Fixed, Random};
use crate::testkit::{Lab, Plan};

/// Room for everything but GPUs, of which there are so many whole ones.
const fn gpus(count: u16) -> Resources {
    Resources { cpu: 100_000, memory: 100_000, gpus: count * 1_000, enis: 10 }
}

/// Instances with so many GPUs each, named `i0`, `i1`, …, and a request for no GPU placed by `binpack(memory)` or, the
/// second, at random.
fn lab(sharing: GpuSharing, instances: &[u16]) -> (Lab, Request<'static>, PlacementId) {
    let mut plan = Plan::new();
    plan.share_gpus(sharing);
    for (at, count) in instances.iter().enumerate() {
        plan.instance(&format!("i{at}"), "a", gpus(*count), &[]);
    }
    let task = plan.task("task", 1, 1);
    let group = plan.group("g");
    let (packed, random) = (plan.placement(&["binpack(memory)"], &[]), plan.placement(&["random"], &[]));
    let lab = plan.start();
    let request = lab.request(task, group, packed);
    (lab, request, random)
}

fn asking(request: Request<'static>, thousandths: u16) -> Request<'static> {
    let mut request = request;
    request.requirements.gpus = GpuNeed::Count(thousandths);
    request
}

fn left(lab: &Lab, instance: &str) -> Vec<u16> {
    lab.cluster.instances()[lab.instance(instance)].gpu_left.clone()
}

fn why_not(lab: &Lab, request: &Request<'_>) -> Option<Rejection> {
    explain::rejection_of(&lab.view(), request, lab.instance("i0"))
}

#[test]
fn a_share_lies_on_one_device() {
    let (mut lab, request, _) = lab(GpuSharing::Best, &[2]);
    assert_eq!(lab.place_many(&asking(request, 600), Fixed, 3), ["i0", "i0", "-"]);
    assert_eq!((left(&lab, "i0"), why_not(&lab, &asking(request, 600))), (vec![400, 400], Some(Rejection::Gpu)));
    let funnel = explain::funnel(&lab.view(), &asking(request, 600)).render(9);
    assert!(funnel.contains("needs 0.6 GPU, 0.8 left, at most 0.4 on one device"), "{funnel}");
    assert_eq!(lab.place_many(&asking(request, 400), Fixed, 3), ["i0", "i0", "-"]);
    assert_eq!(lab.cluster.totals().reserved.gpus, 2_000);
}

#[test]
fn whole_gpus_need_devices_that_nobody_uses() {
    let (mut lab, request, _) = lab(GpuSharing::Best, &[3]);
    let (share, _) = lab.place(&asking(request, 100), Fixed).expect("room for a share");
    let mut all = request;
    all.requirements.gpus = GpuNeed::All;
    assert_eq!(why_not(&lab, &asking(request, 3_000)), Some(Rejection::Gpu));
    assert_eq!(why_not(&lab, &all), Some(Rejection::Gpu), "ALL wants every device");
    let (two, _) = lab.place(&asking(request, 2_000), Fixed).expect("two devices are free");
    assert_eq!(left(&lab, "i0"), [900, 0, 0]);
    assert_eq!(why_not(&lab, &asking(request, 1_000)), Some(Rejection::Gpu), "0.9 of a GPU is not a whole one");
    let funnel = explain::funnel(&lab.view(), &asking(request, 2_000)).render(9);
    assert!(funnel.contains("needs 2 GPUs, 0.9 left"), "{funnel}");
    lab.stop(share);
    lab.stop(two);
    assert_eq!((left(&lab, "i0"), why_not(&lab, &all)), (vec![1_000; 3], None));
    invariants::check(&lab.cluster).expect("the books are in order");
}

#[test]
fn the_best_device_is_the_one_with_the_least_left_that_is_enough() {
    let (mut lab, request, _) = lab(GpuSharing::Best, &[3]);
    for (share, expected) in [
        (500, [500, 1_000, 1_000]),
        (700, [500, 300, 1_000]),
        (200, [500, 100, 1_000]),
        (450, [50, 100, 1_000]),
        (60, [50, 40, 1_000]),
    ] {
        lab.place(&asking(request, share), Fixed).expect("it fits");
        assert_eq!(left(&lab, "i0"), expected);
    }
}

#[test]
fn chance_may_choose_the_device() {
    let (mut lab, request, _) = lab(GpuSharing::Random, &[3]);
    let instance = lab.instance("i0");
    lab.apply(Fact::GpuDeviceChosen { instance, device: 2 });
    lab.put(&asking(request, 300), instance);
    assert_eq!(left(&lab, "i0"), [1_000, 1_000, 700]);
    invariants::check(&lab.cluster).expect("the books are in order");
}

#[test]
fn without_sharing_a_gpu_is_one_thing() {
    let mut plan = Plan::new();
    plan.instance("i0", "a", Resources { gpus: 2, ..gpus(0) }, &[]);
    let task = plan.task_with("task", 1, 1, |task| task.requirements.gpus = GpuNeed::Count(1));
    let (group, placement) = (plan.group("g"), plan.placement(&["random"], &[]));
    let mut lab = plan.start();
    let request = lab.request(task, group, placement);
    assert_eq!(lab.place_many(&request, Random, 3), ["i0", "i0", "-"]);
    assert!(left(&lab, "i0").is_empty());
}

/// What is left of the devices, counted on the fingers.
#[derive(Clone, Debug)]
struct Fingers(Vec<Vec<u16>>);

impl Fingers {
    fn takes(&self, instance: usize, need: u16) -> bool {
        let devices = &self.0[instance];
        match need {
            0 => true,
            1..1_000 => devices.iter().any(|left| *left >= need),
            _ => devices.iter().filter(|left| **left == 1_000).count() >= usize::from(need / 1_000),
        }
    }

    /// Takes it from these devices, as much as the task has on each.
    fn change(&mut self, instance: usize, devices: u64, need: u16, back: bool) {
        for (device, left) in self.0[instance].iter_mut().enumerate() {
            if devices >> device & 1 == 1 {
                *left = if back { *left + need.min(1_000) } else { *left - need.min(1_000) };
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn definition_and_books_agree_with_fingers(
        instances in prop::collection::vec(0_u16..5, 1..8),
        is_best in any::<bool>(),
        steps in prop::collection::vec((0_u8..8, 1_u16..1_000, any::<u16>()), 1..120),
    ) {
        let sharing = if is_best { GpuSharing::Best } else { GpuSharing::Random };
        let (mut lab, request, random) = lab(sharing, &instances);
        let mut fingers = Fingers(instances.iter().map(|count| vec![1_000; usize::from(*count)]).collect());
        let mut live: Vec<(TaskId, usize, u64, u16)> = Vec::new();
        for (kind, share, luck) in steps {
            if kind == 0 && !live.is_empty() {
                let (task, instance, devices, need) = live.swap_remove(usize::from(luck) % live.len());
                lab.stop(task);
                fingers.change(instance, devices, need, true);
            } else {
                let need = match kind { 1 => 0, 2 => 1_000, 3 => 1_000 * (1 + luck % 4), _ => share };
                let mut asked = asking(request, need);
                asked.placement = random;
                let expected: Vec<InstanceId> =
                    (0..instances.len()).filter(|at| fingers.takes(*at, need)).map(|at| InstanceId::new(at as u32)).collect();
                prop_assert_eq!(&reference::tied(&lab.view(), &asked), &expected);
                // Asks the index, too, and insists that it agrees.
                let Some(instance) = lab.choose(&asked, Random) else { continue };
                let before = lab.cluster.instances()[instance].gpu_left.clone();
                let fitting: Vec<usize> = (0..before.len()).filter(|device| before[*device] >= need).collect();
                let mut chosen = fitting.iter().copied().min_by_key(|device| (before[*device], *device));
                if !is_best && (1..1_000).contains(&need) {
                    let device = fitting[usize::from(luck) % fitting.len()];
                    chosen = Some(device);
                    lab.apply(Fact::GpuDeviceChosen { instance, device: device as u8 });
                }
                let task = lab.put(&asked, instance);
                let devices = lab.cluster.task(task).gpu_devices;
                prop_assert_eq!(devices.count_ones(), u32::from(need.div_ceil(1_000)));
                if (1..1_000).contains(&need) {
                    prop_assert_eq!(Some(devices.trailing_zeros() as usize), chosen);
                }
                fingers.change(instance.index(), devices, need, false);
                live.push((task, instance.index(), devices, need));
            }
            for (at, devices) in fingers.0.iter().enumerate() {
                let row = &lab.cluster.instances()[InstanceId::new(at as u32)];
                prop_assert_eq!(&row.gpu_left, devices);
                prop_assert_eq!(u32::from(row.remaining.gpus), devices.iter().copied().map(u32::from).sum::<u32>());
            }
            invariants::check(&lab.cluster).map_err(TestCaseError::fail)?;
        }
    }
}
