//! What a run must find out, listed before it begins: whatever is not found in the end has failed, even if nobody complained.

use crate::faults::{CameraFault, MicrophoneFault};
use std::fmt::{self, Display};

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The kernel starts, with its camera, its sound card and its pins.
    Boots,
    /// The box says who it is, and decides.
    Starts,
    /// The box decides on a picture as the replay does, and lights the right pin.
    Picture(String),
    /// All pictures together: the sequence of distinct decisions is that of the replay.
    Sequence,
    /// Face box, crop and posteriors of every captured frame are those of the replay.
    Frames,
    /// A voice brings the sequence of distinct decisions that its replay brings, and lights the right pin.
    Voice(String),
    /// At least four different emotions were seen on their pins.
    Emotions,
    /// After a fault of the camera the right emotion is on show again.
    Camera(CameraFault),
    /// The status LED and the link tell that a sense is lost, and that it works again.
    Told,
    /// After a fault of the microphone the right emotion is on show again.
    Microphone(MicrophoneFault),
    /// Garbage on the serial line is got over, and a ping behind it is answered.
    Garbage,
    /// The host switches the lights off and on.
    Muted,
    /// The host has camera and microphone closed, and opened again.
    Privacy,
    /// The box ends when it is asked to, and all lights are off.
    Ends,
}

impl Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boots => f.write_str("the board boots"),
            Self::Starts => f.write_str("the box starts"),
            Self::Picture(name) => write!(f, "picture {name}"),
            Self::Sequence => f.write_str("decisions on all pictures"),
            Self::Frames => f.write_str("every captured frame as in the replay"),
            Self::Voice(name) => write!(f, "voice {name}"),
            Self::Emotions => f.write_str("four emotions on their pins"),
            Self::Camera(fault) => write!(f, "camera back after: {fault}"),
            Self::Told => f.write_str("a lost camera is told of"),
            Self::Microphone(fault) => write!(f, "microphone back after: {fault}"),
            Self::Garbage => f.write_str("garbage on the serial line"),
            Self::Muted => f.write_str("lights off and on"),
            Self::Privacy => f.write_str("a pause for privacy"),
            Self::Ends => f.write_str("the box ends"),
        }
    }
}

/// What was found, or what was found instead.
pub type Found = Result<String, String>;

/// What holds, what does not, and what is not known yet.
pub struct Findings {
    open: Vec<Expectation>,
    failed: usize,
}

impl Findings {
    /// Nothing is known yet of `expectations`.
    pub fn new(expectations: Vec<Expectation>) -> Self {
        Self { open: expectations, failed: 0 }
    }

    /// Takes down and prints what was found, or what was found instead.
    ///
    /// What nobody expected counts as failed, so that the list can't fall behind.
    pub fn judge(&mut self, expectation: &Expectation, found: Found) {
        let place = self.open.iter().position(|open| open == expectation);
        let found = match place {
            Some(place) => {
                self.open.remove(place);
                found
            }
            None => Err("is not in the list of expectations".to_owned()),
        };
        match found {
            Ok(found) => println!("ok      {expectation}: {found}"),
            Err(found) => {
                self.failed += 1;
                println!("FAILED  {expectation}: {found}");
            }
        }
    }

    /// How many expectations were not met; those that were never judged are printed now.
    pub fn close(self) -> usize {
        for expectation in &self.open {
            println!("FAILED  {expectation}: the run did not get there");
        }
        self.failed + self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_found_out_has_failed() {
        let mut findings = Findings::new(vec![Expectation::Boots, Expectation::Starts, Expectation::Ends]);
        findings.judge(&Expectation::Boots, Ok("it does".to_owned()));
        findings.judge(&Expectation::Starts, Err("silence".to_owned()));
        assert_eq!(findings.close(), 2);
    }

    #[test]
    fn what_nobody_expected_has_failed_too() {
        let mut findings = Findings::new(vec![Expectation::Boots]);
        findings.judge(&Expectation::Boots, Ok("once".to_owned()));
        findings.judge(&Expectation::Boots, Ok("twice".to_owned()));
        assert_eq!(findings.close(), 1);
    }
}
