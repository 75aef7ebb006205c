//! The microphones, with what they offer.

use super::entry::Entry;

#[cfg(feature = "alsa")]
pub use system::section;

/// What a microphone gives by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SoundOffer {
    /// Formats, as `S16_LE`.
    formats: Vec<String>,
    /// Samples a second, of those that are usual.
    rates_hz: Vec<u32>,
    /// Fewest and most channels.
    channels: (u32, u32),
}

/// A microphone under its ALSA name; `reason` says why it could not be asked.
fn microphone(title: String, name: &str, offer: Result<SoundOffer, String>) -> Entry {
    let detail = match offer {
        Ok(SoundOffer { formats, rates_hz, channels: (fewest, most) }) => {
            let rates: Vec<String> = rates_hz.iter().map(u32::to_string).collect();
            let channels = match (fewest, most) {
                (1, 1) => "1 channel".to_owned(),
                (fewest, most) if fewest == most => format!("{most} channels"),
                (fewest, most) => format!("{fewest} to {most} channels"),
            };
            format!("{} at {} Hz, {channels}", formats.join(", "), rates.join(", "))
        }
        Err(reason) => reason,
    };
    Entry { title, setting: Some(("microphone", format!("alsa:{name}"))), details: vec![detail] }
}

#[cfg(feature = "alsa")]
mod system {
    use super::super::entry::{Entry, Section};
    use super::{SoundOffer, microphone};
    use crate::microphone::alsa::{USUAL_RATES_HZ, quieten, remedy};
    use ::alsa::card::Iter as Cards;
    use ::alsa::ctl::{Ctl, DeviceIter};
    use ::alsa::device_name::HintIter;
    use ::alsa::pcm::{Format, HwParams, PCM};
    use ::alsa::{Card, Direction, Error};

    /// Formats that microphones have; those that are not read are left to ALSA's conversion.
    const FORMATS: [Format; 6] =
        [Format::S16LE, Format::S32LE, Format::FloatLE, Format::U8, Format::S24LE, Format::S243LE];

    /// The inputs of all sound cards, and what the system's configuration of ALSA makes of them.
    pub fn section() -> Section {
        quieten();
        let cards = Cards::new().map_while(Result::ok).filter_map(|card| of_card(&card).ok()).flatten();
        let entries = cards.chain(named()).collect();
        Section { heading: "Microphones", entries, none: "none: no sound card has an input".into() }
    }

    fn of_card(card: &Card) -> Result<Vec<Entry>, Error> {
        let control = Ctl::from_card(card, true)?;
        let info = control.card_info()?;
        let (id, card_name) = (info.get_id()?, info.get_name()?);
        let entry = |device: i32| {
            let device = u32::try_from(device).ok()?;
            let input = control.pcm_info(device, 0, Direction::Capture).ok()?;
            let address = format!("CARD={id},DEV={device}");
            let title = format!("{card_name}, {}", input.get_name().unwrap_or("input"));
            Some(microphone(title, &format!("plughw:{address}"), ask(&format!("hw:{address}"))))
        };
        Ok(DeviceIter::new(&control).filter_map(entry).collect())
    }

    /// Names that the configuration gives to inputs beside the cards', as `default`; those that lead nowhere are passed over.
    fn named() -> Vec<Entry> {
        let hints = HintIter::new(None, c"pcm").into_iter().flatten();
        let inputs = hints.filter(|hint| hint.direction != Some(Direction::Playback));
        let entry = |hint: ::alsa::device_name::Hint| {
            let name = hint.name.filter(|name| !name.contains("CARD=") && name != "null")?;
            PCM::new(&name, Direction::Capture, true).ok()?;
            let description = hint.desc.unwrap_or_default().replace('\n', ", ");
            let title = if description.is_empty() { name.clone() } else { description };
            Some(microphone(title, &name, ask(&name)))
        };
        inputs.filter_map(entry).collect()
    }

    /// What a device gives without being converted, or why it can't be asked.
    fn ask(name: &str) -> Result<SoundOffer, String> {
        let asked = PCM::new(name, Direction::Capture, true).and_then(|pcm| offer(&pcm));
        asked.map_err(|error| remedy(&error))
    }

    fn offer(pcm: &PCM) -> Result<SoundOffer, Error> {
        let parameters = HwParams::any(pcm)?;
        let formats = FORMATS.into_iter().filter(|&format| parameters.test_format(format).is_ok());
        let mut rates_hz = USUAL_RATES_HZ.to_vec();
        rates_hz.retain(|&rate_hz| parameters.test_rate(rate_hz).is_ok());
        rates_hz.sort_unstable();
        Ok(SoundOffer {
            formats: formats.map(|format| format.to_string()).collect(),
            rates_hz,
            channels: (parameters.get_channels_min()?, parameters.get_channels_max()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microphone_tells_formats_rates_and_channels() {
        let offer = SoundOffer {
            formats: vec!["S16_LE".into(), "S32_LE".into()],
            rates_hz: vec![44_100, 48_000],
            channels: (1, 2),
        };
        let entry = microphone("USB Mic, USB Audio".into(), "plughw:CARD=Mic,DEV=0", Ok(offer.clone()));
        assert_eq!(entry.setting, Some(("microphone", "alsa:plughw:CARD=Mic,DEV=0".into())));
        assert_eq!(entry.details, ["S16_LE, S32_LE at 44100, 48000 Hz, 1 to 2 channels"]);
        let stereo = microphone(String::new(), "m", Ok(SoundOffer { channels: (2, 2), ..offer }));
        assert!(stereo.details[0].ends_with(", 2 channels"));
    }

    #[test]
    fn a_busy_microphone_is_told_all_the_same() {
        let entry = microphone("USB Mic".into(), "hw:0", Err("it is busy: another program holds it".into()));
        assert!(entry.setting.is_some() && entry.details[0].contains("busy"), "{entry:?}");
    }
}
