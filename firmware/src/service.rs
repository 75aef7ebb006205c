//! The box as a service of systemd: says when it is ready, and that it lives.

use crate::runtime::live::{Controls, Pulse};
use sd_notify::NotifyState;
use std::sync::Arc;

/// Pings within the time that the service manager waits.
const PINGS_A_TIMEOUT: u32 = 4;

/// Tells the service manager that the box is up; nothing where there is none.
pub fn ready() {
    // Whoever started the box without a service manager asked for nothing.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// Tells the service manager that the box is about to end.
pub fn stopping() {
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// Starts to ping the service manager's watchdog, if it has one, until the box ends. A ping is sent only when both senses, as far as there
/// are any, and the decisions have come round since the last one: whichever hangs, the service manager starts the box anew.
pub fn watch(controls: &Arc<Controls>) -> std::io::Result<()> {
    let Some(timeout) = sd_notify::watchdog_enabled() else { return Ok(()) };
    let controls = Arc::clone(controls);
    let started = std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        let (mut watchdog, own) = (Watchdog::default(), Pulse::default());
        while !controls.must_stop() {
            if watchdog.all_advanced(&controls) {
                let _ = sd_notify::notify(&[NotifyState::Watchdog]);
            }
            controls.sleep(&own, timeout / PINGS_A_TIMEOUT);
        }
    });
    started.map(drop)
}

/// How far everybody was at the last ping.
#[derive(Debug, Default)]
struct Watchdog {
    beats: Option<[u32; 3]>,
}

impl Watchdog {
    /// Whether everybody has come round since this was last true.
    fn all_advanced(&mut self, controls: &Controls) -> bool {
        let pulses = [&controls.camera, &controls.microphone, &controls.decision];
        let now = pulses.map(|pulse| pulse.beats());
        let advanced = self.beats.is_none_or(|before| {
            pulses.iter().zip(now).zip(before).all(|((pulse, now), before)| pulse.is_over() || now != before)
        });
        if advanced {
            self.beats = Some(now);
        }
        advanced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sense_that_hangs_silences_the_watchdog_until_it_moves_again() {
        let (controls, mut watchdog) = (Controls::default(), Watchdog::default());
        let beat = |camera: bool| {
            controls.microphone.beat();
            controls.decision.beat();
            if camera {
                controls.camera.beat();
            }
        };
        beat(true);
        assert!(watchdog.all_advanced(&controls));
        beat(true);
        assert!(watchdog.all_advanced(&controls));
        beat(false);
        assert!(!watchdog.all_advanced(&controls), "the camera's thread hangs");
        beat(true);
        assert!(watchdog.all_advanced(&controls));
        controls.camera.end();
        beat(false);
        assert!(watchdog.all_advanced(&controls), "a box without a camera, or whose film is over, is well");
    }
}
