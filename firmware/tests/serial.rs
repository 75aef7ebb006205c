//! The line of a running box, over real pseudo-terminals: that nothing at its other end stops the box, and that it always finds its way
//! back.

#[path = "support/line.rs"]
mod line;

use line::{Host, PATIENCE, Socket};
use moodbox::serial::{Access, Line, LineError, Link, LinkError, QueuedLink, Trouble};
use moodbox_shared::link::{
    Capabilities, Heartbeat, Hello, HostMessage, MAX_FRAME_BYTES, Message, PROTOCOL_VERSION, Packet, encode,
};
use std::time::{Duration, Instant};

/// The box's side of the line, as its decision thread uses it.
struct BoxSide {
    link: QueuedLink,
    sequence: u32,
}

impl BoxSide {
    fn start(socket: &Socket) -> Self {
        Self { link: QueuedLink::start(socket.settings(), Some(std::thread::current())).unwrap(), sequence: 0 }
    }

    fn send(&mut self, message: Message) {
        let packet = Packet { sequence: self.sequence, time_ms: 0, message };
        self.sequence += 1;
        self.link.send(&packet, encode(&packet, &mut [0; MAX_FRAME_BYTES]).unwrap()).unwrap();
    }

    fn send_heartbeats(&mut self, count: u32) {
        for _ in 0..count {
            self.send(Message::Heartbeat(Heartbeat::default()));
        }
    }

    /// Waits for the line, and greets.
    fn greet(&mut self) {
        wait_for(|| self.link.wants_hello().then_some(()));
        assert!(!self.link.wants_hello(), "once a connection");
        self.send(hello());
    }

    /// What people are told next, in words.
    fn told(&mut self) -> Option<String> {
        self.link.trouble().map(|trouble| trouble.to_string())
    }
}

fn hello() -> Message {
    Message::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        software: "0.1.0".try_into().unwrap(),
        face_model: None,
        speech_model: None,
        capabilities: Capabilities::CAMERA,
    })
}

fn is_hello(packet: &Packet) -> bool {
    matches!(packet.message, Message::Hello(_))
}

fn sequences(packets: &[Packet]) -> Vec<u32> {
    packets.iter().map(|packet| packet.sequence).collect()
}

/// Asks until there is an answer, as long as anybody has patience.
fn wait_for<T>(mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing happened");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn packets_go_out_in_order_and_the_first_is_a_hello() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.send_heartbeats(3);
    moodbox.greet();
    moodbox.send_heartbeats(20);
    let packets = host.read_until(|packets| packets.len() == 21);
    assert!(is_hello(&packets[0]));
    assert_eq!(sequences(&packets), (3..24).collect::<Vec<_>>());
    assert_eq!((moodbox.link.dropped(), host.damaged), (3, 0), "what was sent before the hello");
    assert_eq!(moodbox.told(), None, "a line that works is no news");
}

#[test]
fn what_the_host_asks_for_arrives_and_wakes_the_box() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    let asked = [
        HostMessage::Ping(7),
        HostMessage::AskHello,
        HostMessage::MuteLeds(true),
        HostMessage::PausePrivacy(true),
        HostMessage::SetBrightness(40),
        HostMessage::HostSpeaks(1_500),
    ];
    for message in asked {
        host.say(message);
        std::thread::park_timeout(PATIENCE); // until the line's thread unparks this one
        assert_eq!(wait_for(|| moodbox.link.next_request()), message);
    }
    assert_eq!((moodbox.link.next_request(), moodbox.link.damaged()), (None, 0));
}

#[test]
fn garbage_is_counted_and_hides_no_request() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    host.write(b"login: root\0Password:");
    host.say(HostMessage::Ping(1));
    host.write(&[0xff; 700]);
    host.say(HostMessage::Ping(2));
    assert_eq!(wait_for(|| moodbox.link.next_request()), HostMessage::Ping(1));
    assert_eq!(wait_for(|| moodbox.link.next_request()), HostMessage::Ping(2));
    assert_eq!(moodbox.link.damaged(), 3);
}

#[test]
fn a_host_that_floods_the_line_is_still_told_everything_and_still_heard() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    let said = std::thread::scope(|scope| {
        let mut mouth = host.another_end();
        scope.spawn(move || {
            let noise: Vec<u8> = (0..16_384u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            mouth.write(&noise);
            mouth.say(HostMessage::Ping(1));
        });
        moodbox.send_heartbeats(30);
        let said = host.read_until(|packets| packets.len() == 31);
        assert_eq!(wait_for(|| moodbox.link.next_request()), HostMessage::Ping(1));
        said
    });
    assert_eq!(sequences(&said), (0..31).collect::<Vec<_>>());
    assert!(moodbox.link.damaged() > 10, "{}", moodbox.link.damaged());
    assert_eq!(moodbox.link.dropped(), 0);
}

#[test]
fn a_box_that_does_not_look_loses_no_request() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    (0..300).for_each(|token| host.say(HostMessage::Ping(token)));
    for token in 0..300 {
        assert_eq!(wait_for(|| moodbox.link.next_request()), HostMessage::Ping(token));
    }
}

#[test]
fn a_peer_that_sleeps_costs_the_oldest_packets_and_nothing_else() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    let told = host.read_until(|packets| packets.len() == 1);
    assert!(is_hello(&told[0]));
    // Far more than a pseudo-terminal and the queue hold.
    while moodbox.link.dropped() < 200 {
        moodbox.send_heartbeats(50);
        std::thread::sleep(Duration::from_millis(1));
    }
    let (sent, dropped) = (moodbox.sequence, moodbox.link.dropped());
    let late = host.read_until(|packets| packets.last().is_some_and(|packet| packet.sequence == sent - 1));
    assert_eq!(late.len() as u32, sent - 1 - dropped, "each packet was either read or counted");
    let newest: Vec<u32> = (sent - 64..sent).collect();
    assert!(sequences(&late).ends_with(&newest), "the queue keeps the newest");
    assert_eq!(host.damaged, 0);
    assert_eq!(moodbox.told(), None);
}

#[test]
fn unplugged_and_plugged_in_again_it_says_hello_again() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    for round in 0..3 {
        moodbox.greet();
        moodbox.send_heartbeats(5);
        let packets = host.read_until(|packets| packets.len() == 6);
        assert!(is_hello(&packets[0]), "round {round}: {packets:?}");
        assert_eq!(host.damaged, 0);
        if round > 0 {
            assert!(wait_for(|| moodbox.told()).ends_with("line: back"));
        }
        drop(host);
        let lost = wait_for(|| moodbox.told());
        assert!(lost.ends_with("line: hung up; looking for it until it is back"), "{lost}");
        moodbox.send_heartbeats(100); // for nobody
        host = socket.plug();
    }
    assert!(moodbox.link.dropped() >= 300);
}

#[test]
fn a_line_that_is_not_there_yet_is_waited_for_and_told_of_once() {
    let socket = Socket::new();
    let mut moodbox = BoxSide::start(&socket);
    let lost = wait_for(|| moodbox.told());
    assert!(lost.contains("there is no such device"), "{lost}");
    moodbox.send(hello());
    assert_eq!(moodbox.link.dropped(), 1);
    std::thread::sleep(Duration::from_millis(800)); // a few more trials in vain
    assert_eq!(moodbox.told(), None);
    let mut host = socket.plug();
    moodbox.greet();
    host.read_until(|packets| packets.len() == 1);
    assert!(wait_for(|| moodbox.told()).ends_with("back"));
}

#[test]
fn what_can_never_be_a_line_stops_the_start() {
    let socket = Socket::new();
    std::fs::write(socket.path(), b"precious").unwrap();
    let error = QueuedLink::start(socket.settings(), None).err().unwrap();
    assert!(matches!(error, LinkError::Open { reason: LineError::NotALine, .. }), "{error}");
    assert_eq!(std::fs::read(socket.path()).unwrap(), b"precious");
}

#[test]
fn two_programs_can_not_mix_their_frames() {
    let socket = Socket::new();
    let _host: Host = socket.plug();
    let mut first = BoxSide::start(&socket);
    first.greet();
    let mut second = BoxSide::start(&socket);
    let lost = wait_for(|| second.told());
    assert!(lost.contains("busy: another program holds it"), "{lost}");
    for access in [Access::Exclusive, Access::Shared] {
        assert!(matches!(Line::open(&socket.settings(), access), Err(LineError::Busy)));
    }
    drop(first);
    second.greet();
}

#[test]
fn closing_sends_what_is_queued_and_never_hangs() {
    let socket = Socket::new();
    let mut host = socket.plug();
    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    moodbox.send_heartbeats(40);
    drop(moodbox);
    host.read_until(|packets| packets.len() == 41);

    let mut moodbox = BoxSide::start(&socket);
    moodbox.greet();
    while moodbox.link.dropped() == 0 {
        moodbox.send_heartbeats(50); // nobody reads
    }
    let closing = Instant::now();
    drop(moodbox);
    assert!(closing.elapsed() < PATIENCE, "a box that ends does not wait for whoever sleeps");
    let heard = host.read_until(|packets| !packets.is_empty());
    assert!(is_hello(&heard[0]));
}

#[test]
fn a_trouble_names_the_line() {
    let path = std::path::Path::new("/dev/ttyUSB0");
    let lost = Trouble::Lost { path, reason: LineError::HungUp };
    assert_eq!(lost.to_string(), "serial /dev/ttyUSB0: hung up; looking for it until it is back");
}
