//! Stories of people before a camera, told by their boxes.

use super::*;

static PIXELS: [u8; 640 * 480] = [0; 640 * 480];

fn face(x: f32, side: f32) -> DetectedFace {
    DetectedFace { x, y: 240.0 - side / 2.0, width: side, height: side, score: 12.0 }
}

/// A tracker and the frame that it looks at.
struct Room {
    tracker: FaceTracker,
}

impl Room {
    fn new() -> Self {
        Self { tracker: FaceTracker::new(TrackerSettings::default()) }
    }

    fn look(&mut self, faces: &[DetectedFace]) -> Option<TrackedFace> {
        self.tracker.look(faces, &LumaImage::new(640, 480, 640, &PIXELS).unwrap(), false);
        self.tracker.tracked()
    }

    fn cut(&mut self, faces: &[DetectedFace]) -> Option<TrackedFace> {
        self.tracker.look(faces, &LumaImage::new(640, 480, 640, &PIXELS).unwrap(), true);
        self.tracker.tracked()
    }
}

#[test]
fn two_people_side_by_side_whose_sizes_swap_never_make_it_jump() {
    let mut room = Room::new();
    let first = room.look(&[face(120.0, 110.0), face(400.0, 100.0)]).unwrap();
    for look in 0..300 {
        // Now one leans forward, now the other, far and briefly, then a little and for long; the order of the boxes changes as well.
        let (turn, far) = if look < 150 { (3, 1.4) } else { (20, 1.2) };
        let lead = if look / turn % 2 == 0 { far } else { 1.0 };
        let (left, right) = (face(120.0, 110.0 / lead), face(400.0, 100.0 * lead));
        let faces = if look % 2 == 0 { [left, right] } else { [right, left] };
        let now = room.look(&faces).unwrap();
        assert_eq!(now.person, first.person, "look {look}");
        assert!(now.face.x < 200.0, "look {look}: {now:?}");
    }
}

#[test]
fn somebody_walks_out_and_the_other_is_taken_after_the_misses() {
    let mut room = Room::new();
    let (staying, leaving) = (face(420.0, 100.0), face(250.0, 140.0));
    assert_eq!(room.look(&[leaving, staying]).unwrap().face, leaving);
    assert_eq!(room.look(&[staying]).unwrap().face, leaving, "one miss may be the detector's");
    let now = room.look(&[staying]).unwrap();
    assert_eq!((now.face, now.person), (staying, 2));
}

#[test]
fn a_false_box_for_one_frame_does_no_harm() {
    let mut room = Room::new();
    let false_box = DetectedFace { score: 2.3, ..face(30.0, 300.0) };
    assert_eq!(room.look(&[false_box]), None, "nobody is there");
    assert!(room.tracker.is_in_doubt(), "so another look is asked for");
    assert_eq!(room.look(&[]), None);
    assert!(!room.tracker.is_in_doubt());

    let person = face(300.0, 90.0);
    assert_eq!(room.look(&[person]).unwrap().person, 1);
    for faces in [&[false_box, person][..], &[person], &[false_box], &[person]] {
        assert_eq!(room.look(faces).unwrap(), TrackedFace { face: person, person: 1 }, "{faces:?}");
    }
}

#[test]
fn a_face_that_is_hardly_seen_is_followed_when_it_is_seen_twice() {
    let mut room = Room::new();
    let doubtful = DetectedFace { score: 2.5, ..face(300.0, 60.0) };
    assert_eq!(room.look(&[doubtful]), None);
    assert_eq!(room.look(&[doubtful]).map(|tracked| tracked.face), Some(doubtful));
}

#[test]
fn whoever_comes_far_closer_and_stays_takes_over() {
    let mut room = Room::new();
    let (back, front) = (face(300.0, 70.0), face(380.0, 200.0));
    room.look(&[back]);
    let looks = TrackerSettings::default().takeover_looks;
    for look in 1..looks {
        assert_eq!(room.look(&[front, back]).unwrap().person, 1, "look {look}");
    }
    assert_eq!(room.look(&[front, back]).unwrap(), TrackedFace { face: front, person: 2 });
}

#[test]
fn a_passer_by_does_not_take_over() {
    let mut room = Room::new();
    let seated = face(300.0, 70.0);
    room.look(&[seated]);
    for look in 0..40 {
        let passing = face(-100.0 + 200.0 * (look % 4) as f32, 160.0);
        assert_eq!(room.look(&[passing, seated]).unwrap().person, 1, "look {look}");
    }
}

#[test]
fn a_face_that_was_lost_and_turns_up_in_its_place_is_the_same_person() {
    let mut room = Room::new();
    let person = face(300.0, 100.0);
    room.look(&[person]);
    for _ in 0..5 {
        room.look(&[]);
    }
    assert_eq!(room.tracker.tracked(), None);
    assert_eq!(room.look(&[face(310.0, 104.0)]).unwrap().person, 1);
}

#[test]
fn a_face_at_rest_has_a_quiet_box_and_one_that_moves_is_followed_without_delay() {
    let mut room = Room::new();
    let jitter = [0.04f32, -0.05, 0.02, -0.03, 0.05, -0.02, 0.03, -0.04];
    let side = 100.0;
    room.look(&[face(300.0, side)]);
    let (mut raw, mut quiet) = (0.0, 0.0);
    for look in 0..80 {
        let off = jitter[look % jitter.len()] * side;
        let tracked = room.look(&[face(300.0 + off, side)]).unwrap().face;
        raw += off * off;
        quiet += (tracked.x - 300.0) * (tracked.x - 300.0);
    }
    assert!(quiet < 0.35 * raw, "{quiet} of {raw} is left");
    for step in 1..6 {
        let now = face(300.0 + 40.0 * step as f32, side);
        assert_eq!(room.look(&[now]).unwrap(), TrackedFace { face: now, person: 1 });
    }
}

#[test]
fn after_a_cut_nothing_of_the_last_box_is_left() {
    let mut room = Room::new();
    room.look(&[face(300.0, 100.0)]);
    let moved = face(303.0, 104.0);
    assert_eq!(room.cut(&[moved]).unwrap().face, moved, "not smoothed");
    assert_eq!(room.cut(&[]), None, "not waited for");
}

#[test]
fn boxes_that_are_none_are_passed_over() {
    let mut room = Room::new();
    let absurd = [face(f32::NAN, 100.0), face(0.0, f32::INFINITY), face(0.0, -5.0)];
    assert_eq!(room.look(&absurd), None);
    room.look(&[face(300.0, 100.0)]);
    assert_eq!(room.look(&absurd).unwrap().face, face(300.0, 100.0), "a miss");
}
