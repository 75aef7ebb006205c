//! What the box may ask of the system's scheduler and memory: processors of its own, real-time priority, no swap.

use crate::config::Cpus;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::thread::{CpuSet, sched_setaffinity};
use thiserror::Error;
use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// The system says no.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchedulingError {
    /// There are no such processors.
    #[error("cpu-affinity: {0}: name processors that this machine has")]
    Affinity(rustix::io::Errno),
    /// Memory can't be locked.
    #[error("lock-memory: {0}: allow it with LimitMEMLOCK=infinity in the service, or `ulimit -l unlimited`")]
    Memory(rustix::io::Errno),
    /// The priority is not given.
    #[error(
        "realtime-priority {priority}: {reason}: allow it with LimitRTPRIO={priority} in the service, or `ulimit -r {priority}`"
    )]
    Priority {
        /// As it was asked for.
        priority: u8,
        /// What the system says.
        reason: String,
    },
}

/// Binds this thread, and those that it starts, to processors.
pub fn set_affinity(cpus: &Cpus) -> Result<(), SchedulingError> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(cpu));
    sched_setaffinity(None, &set).map_err(SchedulingError::Affinity)
}

/// Keeps all memory, present and to come, out of the swap.
pub fn lock_memory() -> Result<(), SchedulingError> {
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).map_err(SchedulingError::Memory)
}

/// Gives this thread a real-time priority, first in, first out.
pub fn set_realtime_priority(priority: u8) -> Result<(), SchedulingError> {
    let refused = |error: thread_priority::Error| SchedulingError::Priority { priority, reason: error.to_string() };
    let value = ThreadPriorityValue::try_from(priority)
        .map_err(|reason| SchedulingError::Priority { priority, reason: reason.to_string() })?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(value), policy).map_err(refused)
}
