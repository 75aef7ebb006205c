//! Two people before one camera, through the real detector and the shipped face network: the decision is about one of them.

use image::imageops::{FilterType, overlay, resize};
use image::{GrayImage, Luma};
use moodbox::sample::Sample;
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::model::Model;
use moodbox_shared::pipeline::{Pipeline, PipelineSettings, Sighting};
use moodbox_shared::vision::LumaImage;
use moodbox_tests::{models_dir, on_a_large_stack};

const SIZE: (u32, u32) = (640, 480);

/// Middles of the two places, in columns.
const PLACES: [u32; 2] = [190, 450];

/// A room with the sample's mean faces in it.
struct Room {
    sample: Sample,
}

impl Room {
    /// Draws a face of `side` pixels at each place where there is one.
    fn frame(&self, people: [Option<(Emotion, u32)>; 2]) -> GrayImage {
        let mut frame = GrayImage::from_pixel(SIZE.0, SIZE.1, Luma([110]));
        for ((emotion, side), middle) in people.into_iter().zip(PLACES).filter_map(|(who, at)| Some((who?, at))) {
            let item = self.sample.items.iter().find(|item| item.label == emotion).expect("one of the seven");
            let view = item.frame.view();
            let (left, top) = (view.width() / 2 - 120, view.height() / 2 - 120);
            let pixels = (0..240).flat_map(|row| view.row(top + row)[left..][..240].to_vec()).collect();
            let face = GrayImage::from_raw(240, 240, pixels).expect("240 rows of 240");
            let (left, top) = (i64::from(middle) - i64::from(side / 2), 240 - i64::from(side / 2));
            overlay(&mut frame, &resize(&face, side, side, FilterType::Triangle), left, top);
        }
        frame
    }
}

/// A box that watches, 30 frames a second.
struct Watch<'m> {
    pipeline: Box<Pipeline<'m>>,
    detector: FaceDetector,
    frames: u64,
}

impl<'m> Watch<'m> {
    fn new(model: &'m Model<'m>) -> Self {
        let pipeline = Pipeline::new(Some(model), None, &PipelineSettings::default(), &mut []).expect("a face model");
        Self { pipeline: Box::new(pipeline), detector: FaceDetector::new().expect("embedded"), frames: 0 }
    }

    fn see(&mut self, frame: &GrayImage) -> Decision {
        let image = LumaImage::new(SIZE.0 as usize, SIZE.1 as usize, SIZE.0 as usize, frame.as_raw()).expect("whole");
        let time_ms = self.frames * 1_000 / 30;
        self.frames += 1;
        let detector = &mut self.detector;
        let taken = self.pipeline.on_frame(time_ms, &image.into(), |image| Sighting::Looked(detector.look(image)));
        taken.expect("a whole frame");
        self.pipeline.step(time_ms)
    }

    /// Middle of the followed face, in columns.
    fn looks_at(&self) -> Option<u32> {
        let time_ms = self.frames * 1_000 / 30;
        self.pipeline.face_box(time_ms).map(|face| u32::from(face.x) + u32::from(face.width) / 2)
    }
}

#[test]
fn the_decision_stays_with_one_of_two_people_and_takes_nothing_along_to_the_other() {
    on_a_large_stack(watch_two_people);
}

fn watch_two_people() {
    let room = Room { sample: Sample::embedded().expect("built in") };
    let file = std::fs::read(models_dir().join("face.moodnet")).expect("a shipped model");
    let model = Model::load(&file).expect("loads");
    let mut watch = Watch::new(&model);
    let (happy, surprised) = (Verdict::Emotion(Emotion::Happy), Verdict::Emotion(Emotion::Surprised));

    // One is there first; then the other is, and now this one leans forward, now that one.
    for _ in 0..10 {
        watch.see(&room.frame([Some((Emotion::Happy, 200)), None]));
    }
    for turn in 0..12 {
        let sides = if turn % 2 == 0 { (170, 230) } else { (230, 170) };
        let frame = room.frame([Some((Emotion::Happy, sides.0)), Some((Emotion::Surprised, sides.1))]);
        for _ in 0..8 {
            let decision = watch.see(&frame);
            let middle = watch.looks_at().expect("a face is followed");
            assert!(middle.abs_diff(PLACES[0]) < 40, "turn {turn}: it looks at column {middle}");
            assert_eq!(decision.verdict, happy, "turn {turn}");
        }
    }

    // The first one goes. As soon as the other is followed, the decision is theirs alone.
    let alone = room.frame([None, Some((Emotion::Surprised, 200))]);
    let switched = (0..15).map(|_| (watch.see(&alone), watch.looks_at())).find(|(_, at)| at.is_some_and(|at| at > 320));
    let (decision, _) = switched.expect("the other one is found within half a second");
    let face = decision.face.expect("their face is read");
    assert_eq!(decision.verdict, surprised);
    assert!((decision.confidence - face.best_emotion().1).abs() < 0.02, "{} of {face:?}", decision.confidence);
    for _ in 0..30 {
        assert_eq!(watch.see(&alone).verdict, surprised);
    }
}
