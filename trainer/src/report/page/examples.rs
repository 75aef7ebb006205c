//! Single pictures and clips: some of each class, and those of which the network is sure and wrong.

use image::{Rgb, RgbImage};
use maud::{Markup, html};
use moodbox_shared::audio::SpeechWindow;
use moodbox_shared::model::Task;
use moodbox_shared::vision::{FACE_INPUT, FACE_SIDE};

use super::Section;
use super::part::PartReport;
use crate::judge::Seen;
use crate::report::{Sample, data_url, sheet_figure, spectrogram};

/// Examples of each class.
const OF_EACH_CLASS: usize = 3;

/// Wrong answers that are shown.
const WRONG: usize = 12;

pub(super) fn section(part: &PartReport<'_>) -> Section {
    let samples = some_of_each_class(part);
    let seen = match part.task() {
        Task::Face => "Each picture is what the network sees: 32 by 32 pixels, stretched from black to white.",
        Task::Speech => {
            "Each picture is the last window that the network hears, 3.07 s of log-mel energies: time to the right, pitch upwards, loud is bright. "
        }
    };
    let body = html! {
        p { "Up to " (OF_EACH_CLASS) " of each class, evenly spread over the " (part.title.to_lowercase()) ". " (seen) }
        (gallery(&samples, part.task()))
    };
    let figures = vec![("samples".to_owned(), sheet_figure(&samples, &format!("{}: samples", part.title)))];
    Section { id: "samples", title: "Samples".to_owned(), body, figures }
}

fn some_of_each_class(part: &PartReport<'_>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for class in &part.after.classes {
        let of_class: Vec<usize> =
            part.part.items.iter().zip(0..).filter(|(item, _)| item.truth == *class).map(|(_, index)| index).collect();
        let count = OF_EACH_CLASS.min(of_class.len());
        samples.extend((0..count).map(|place| sample(part, of_class[place * of_class.len() / count], Extent::Window)));
    }
    samples
}

/// The wrong answers of highest confidence, the surest first.
pub(super) fn most_surely_wrong(part: &PartReport<'_>) -> Vec<Sample> {
    let mut wrong: Vec<usize> =
        (0..part.answers.len()).filter(|&index| part.answers[index].emotion != part.part.items[index].truth).collect();
    wrong.sort_by(|&a, &b| part.answers[b].confidence.total_cmp(&part.answers[a].confidence));
    wrong.into_iter().take(WRONG).map(|index| sample(part, index, Extent::Whole)).collect()
}

/// How much of a clip is shown.
#[derive(Clone, Copy)]
enum Extent {
    /// What the network reads at once, last.
    Window,
    /// All of it.
    Whole,
}

fn sample(part: &PartReport<'_>, index: usize, extent: Extent) -> Sample {
    let (item, answer) = (&part.part.items[index], part.answers[index]);
    let picture = match (&item.seen, extent) {
        (Seen::Face(crop), _) => stretched(crop),
        (Seen::Voice(rows), Extent::Whole) => spectrogram(rows),
        (Seen::Voice(rows), Extent::Window) => {
            let window = SpeechWindow::ending(rows);
            spectrogram(&window.into_iter().flat_map(|window| window.iter().copied()).collect::<Vec<_>>())
        }
    };
    Sample { picture, id: item.id.clone(), truth: item.truth, answer: answer.emotion, confidence: answer.confidence }
}

/// A crop from its darkest to its brightest pixel, as networks read it.
fn stretched(crop: &[u8; FACE_INPUT]) -> RgbImage {
    let (low, high) = crop.iter().fold((u8::MAX, u8::MIN), |(low, high), &value| (low.min(value), high.max(value)));
    let range = f32::from(high.saturating_sub(low)).max(1.0);
    RgbImage::from_fn(FACE_SIDE as u32, FACE_SIDE as u32, |x, y| {
        let value = f32::from(crop[y as usize * FACE_SIDE + x as usize].saturating_sub(low)) / range;
        Rgb([(255.0 * value).round() as u8; 3])
    })
}

/// Pictures side by side, with what they show and what the network said.
pub(super) fn gallery(samples: &[Sample], task: Task) -> Markup {
    let (class, what) = match task {
        Task::Face => ("gallery faces", "Face"),
        Task::Speech => ("gallery voices", "Log-mel spectrogram"),
    };
    html! {
        ul class=(class) {
            @for sample in samples {
                li {
                    figure {
                        img src=(data_url(&sample.picture)) width=(sample.picture.width()) height=(sample.picture.height())
                            alt={ (what) " of " (sample.id) ", truth " (sample.truth) };
                        figcaption {
                            span.truth { (sample.truth) }
                            span.wrong[!sample.is_right()] {
                                @if sample.is_right() { "✓ " } @else { "✗ " }
                                (sample.answer) " " (format!("{:.0} %", 100.0 * sample.confidence))
                            }
                            span.id { (sample.id) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::Emotion;

    #[test]
    fn names_of_files_are_text_and_wrong_answers_are_marked() {
        let sample = Sample {
            picture: RgbImage::new(32, 32),
            id: "<b>\"x\".png".to_owned(),
            truth: Emotion::Sad,
            answer: Emotion::Happy,
            confidence: 0.97,
        };
        let page = gallery(&[sample], Task::Face).into_string();
        assert!(page.contains("alt=\"Face of &lt;b&gt;&quot;x&quot;.png, truth sad\""), "{page}");
        assert!(page.contains("class=\"wrong\">✗ happy 97 %"), "{page}");
        assert!(!page.contains("<b>"));
    }

    #[test]
    fn a_crop_is_stretched_and_a_flat_one_stays() {
        let mut crop = [100; FACE_INPUT];
        crop[1] = 120;
        let picture = stretched(&crop);
        assert_eq!((picture.get_pixel(0, 0).0, picture.get_pixel(1, 0).0), ([0; 3], [255; 3]));
        assert_eq!(stretched(&[7; FACE_INPUT]).get_pixel(0, 0).0, [0; 3]);
    }
}
