//! The status LED: whether it is lit at a moment, from how the box is doing. What comes first in this table wins.
//!
//! | what | light |
//! | --- | --- |
//! | paused for privacy | a flash of 100 ms every 2 s |
//! | a sense that should work does not | blinks once a second |
//! | starting | blinks five times a second |
//! | another fault | flashes of 200 ms, as many as its code, and a pause: 5 = the history keeps nothing |
//! | all is well | steady |
//!
//! A start that failed flashes too; see [`StartFault`](super::flash::StartFault).

use moodbox_shared::link::{Faults, SenseState, Status};

/// Half a period of a code's flashes: so long lit, then so long dark, in milliseconds.
pub const FLASH_MS: u64 = 200;

/// From the last flash of a code to the first of its repetition, in milliseconds, beside the dark that each flash has.
const CODE_PAUSE_MS: u64 = 1_200;

/// Flashes of each fault, the most serious first; 2 to 4 tell of starts that failed. Those of the LEDs themselves are not among them: they could not be seen.
const CODES: [(Faults, u64); 1] = [(Faults::HISTORY, 5)];

/// Whether the status LED is lit at this time.
pub fn is_lit(time_ms: u64, status: &Status) -> bool {
    let senses = [status.camera, status.microphone];
    if status.is_paused {
        return time_ms % 2_000 < 100;
    }
    if senses.iter().any(|sense| sense.is_impaired()) {
        return time_ms % 1_000 < 500;
    }
    if senses.contains(&SenseState::Starting) {
        return time_ms % 200 < 100;
    }
    match CODES.into_iter().find(|(fault, _)| status.faults.contains(*fault)) {
        Some((_, flashes)) => {
            let phase_ms = time_ms % (flashes * 2 * FLASH_MS + CODE_PAUSE_MS);
            phase_ms < flashes * 2 * FLASH_MS && phase_ms % (2 * FLASH_MS) < FLASH_MS
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the LED goes on or off within the first four seconds, with how it is from then on.
    fn changes(status: &Status) -> Vec<(u64, bool)> {
        let mut changes: Vec<(u64, bool)> = Vec::new();
        for time_ms in 0..4_000 {
            let is_lit = is_lit(time_ms, status);
            if changes.last().is_none_or(|(_, was_lit)| *was_lit != is_lit) {
                changes.push((time_ms, is_lit));
            }
        }
        changes
    }

    fn working() -> Status {
        Status { camera: SenseState::Working, microphone: SenseState::Working, ..Status::default() }
    }

    #[test]
    fn a_box_that_works_is_steady() {
        assert_eq!(changes(&working()), [(0, true)]);
        assert_eq!(changes(&Status { microphone: SenseState::Clipping, ..working() }), [(0, true)], "loud, but of use");
    }

    #[test]
    fn starting_blinks_five_times_a_second() {
        let status = Status { camera: SenseState::Starting, ..working() };
        assert_eq!(changes(&status)[..4], [(0, true), (100, false), (200, true), (300, false)]);
        assert_eq!(changes(&status).len(), 4 * 5 * 2);
    }

    #[test]
    fn each_sense_that_is_of_no_use_blinks_once_a_second() {
        use SenseState::{Dark, Frozen, Lost, Silent};
        for state in [Lost, Frozen, Dark, Silent] {
            for status in [Status { camera: state, ..working() }, Status { microphone: state, ..working() }] {
                assert_eq!(changes(&status)[..4], [(0, true), (500, false), (1_000, true), (1_500, false)]);
            }
        }
    }

    #[test]
    fn privacy_is_seen_before_anything_else() {
        let status = Status { is_paused: true, camera: SenseState::Lost, faults: Faults::HISTORY, ..working() };
        assert_eq!(changes(&status), [(0, true), (100, false), (2_000, true), (2_100, false)]);
    }

    #[test]
    fn a_history_that_keeps_nothing_flashes_five_times_and_pauses() {
        let status = Status { faults: Faults::HISTORY.union(Faults::LEDS), ..working() };
        let mut changes = changes(&status).into_iter();
        for flash in 0..5 {
            assert_eq!((changes.next(), changes.next()), (Some((400 * flash, true)), Some((400 * flash + 200, false))));
        }
        assert_eq!(changes.next(), Some((3_200, true)), "after the pause");
    }

    #[test]
    fn the_leds_own_fault_is_not_told_by_the_leds() {
        assert_eq!(changes(&Status { faults: Faults::LEDS, ..working() }), [(0, true)]);
    }
}
