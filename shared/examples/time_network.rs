//! t
use moodbox_shared::model::*;
use moodbox_shared::nn::{Arena, Isa};
use std::time::Instant;
fn main() {
    let runs: usize = std::env::args().nth(2).map_or(1000, |n| n.parse().unwrap());
    let file = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let model = Model::load(&file).unwrap();
    let net = model.network();
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    for isa in Isa::available() {
        let mut times = vec![];
        let mut layers = vec![vec![]; 64];
        let mut sum = 0i64;
        for run in 0..runs {
            for (i, x) in net.input_mut(&mut arena[..]).iter_mut().enumerate() {
                *x = ((i * 37 + run * 11) % 251) as u8 as i8;
            }
            let t = Instant::now();
            let out = net.run(isa, &mut arena[..]);
            times.push(t.elapsed().as_nanos());
            sum += out.iter().map(|&x| i64::from(x)).sum::<i64>();
        }
        for _ in 0..200 {
            let mut t = Instant::now();
            net.run_observed(isa, &mut arena[..], |l, _| {
                layers[l].push(t.elapsed().as_nanos());
                t = Instant::now();
            });
        }
        times.sort();
        print!("{:12} median {:7} ns, min {:7} ns, sum {sum}; ", isa.name(), times[runs / 2], times[0]);
        for l in &mut layers {
            if !l.is_empty() {
                l.sort();
                print!("{:.1} ", l[l.len() / 4] as f64 / 1000.0);
            }
        }
        println!();
    }
}
