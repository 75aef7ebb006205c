//! How bright each channel is, and when within a period of dimming it is lit: all arithmetic, no clock.
//!
//! ```text
//! level 255  ████████████████████   always lit: the pin never moves
//! level 102  ████████░░░░░░░░░░░░   lit for 102/255 of the period
//! level   0  ░░░░░░░░░░░░░░░░░░░░   always dark
//! ```

use super::pins::{CHANNELS, Wiring};

/// One period of dimming, in microseconds: 100 Hz, above what an eye sees flicker.
pub const PERIOD_US: u32 = 10_000;

/// Fully lit.
pub const FULL: u8 = u8::MAX;

/// Brightness of each channel, from 0 (dark) to 255 (lit all the time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels(pub [u8; CHANNELS]);

impl Levels {
    /// Everything off.
    pub const DARK: Self = Self([0; CHANNELS]);

    /// The same without the channels that have no pin, which would only make work.
    #[must_use]
    pub fn wired_to(self, wiring: &Wiring) -> Self {
        let mut wired = Self::DARK;
        for (channel, _) in wiring.pins() {
            wired.0[channel] = self.0[channel];
        }
        wired
    }

    /// Whether no channel is dimmed: the pins can stay as they are.
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|&level| level == 0 || level == FULL)
    }

    /// The channels that are lit so long after a period began, one bit each.
    ///
    /// * `phase_us`: in `0..PERIOD_US`
    pub fn lit_at(&self, phase_us: u32) -> u16 {
        let is_lit = |level: u8| phase_us < lit_us(level);
        self.0.iter().enumerate().fold(0, |lit, (channel, &level)| lit | u16::from(is_lit(level)) << channel)
    }

    /// When a channel next changes, so long after a period began, or the period ends: later than `phase_us`.
    pub fn next_edge_us(&self, phase_us: u32) -> u32 {
        let edges = self.0.iter().map(|&level| lit_us(level));
        edges.filter(|&edge_us| edge_us > phase_us).min().unwrap_or(PERIOD_US)
    }
}

/// How much of a period a channel of this level is lit, in microseconds.
fn lit_us(level: u8) -> u32 {
    u32::from(level) * PERIOD_US / u32::from(FULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All moments of a period at which something is written, with the lit channels.
    fn period(levels: &Levels) -> Vec<(u32, u16)> {
        let mut moments = vec![(0, levels.lit_at(0))];
        loop {
            let edge_us = levels.next_edge_us(moments[moments.len() - 1].0);
            if edge_us >= PERIOD_US {
                return moments;
            }
            moments.push((edge_us, levels.lit_at(edge_us)));
        }
    }

    #[test]
    fn a_dimmed_channel_is_lit_for_its_share_of_the_period() {
        let mut levels = Levels::DARK;
        (levels.0[0], levels.0[1], levels.0[2]) = (FULL, 102, 51);
        assert!(!levels.is_plain());
        assert_eq!(period(&levels), [(0, 0b111), (2_000, 0b011), (4_000, 0b001)]);
    }

    #[test]
    fn full_and_dark_channels_never_move() {
        let mut levels = Levels::DARK;
        levels.0[3] = FULL;
        assert!(levels.is_plain() && Levels::DARK.is_plain());
        assert_eq!(period(&levels), [(0, 0b1000)]);
        assert_eq!(levels.lit_at(PERIOD_US - 1), 0b1000);
    }

    #[test]
    fn channels_of_one_level_change_in_one_write() {
        let mut levels = Levels::DARK;
        (levels.0[0], levels.0[7]) = (128, 128);
        assert_eq!(period(&levels).len(), 2);
    }
}
