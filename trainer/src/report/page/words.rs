//! Numbers and names as the page writes them.

use moodbox_shared::model::Task;

use crate::evaluate::Scores;

/// `61.3 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `3,274`.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut result = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            result.push(',');
        }
        result.push(digit);
    }
    result
}

/// `95 % interval 59.7–63.0 %`.
pub(super) fn interval(scores: &Scores) -> String {
    let (low, high) = scores.accuracy_interval();
    format!("95 % interval {:.1}–{:.1} %", 100.0 * low, 100.0 * high)
}

/// What a network is of.
pub(super) fn task(task: Task) -> &'static str {
    match task {
        Task::Face => "Face",
        Task::Speech => "Speech",
    }
}

/// What it judges.
pub(super) fn samples(task: Task) -> &'static str {
    match task {
        Task::Face => "pictures",
        Task::Speech => "clips",
    }
}

/// `learning_rate` as people write it.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([7, 999, 1_000, 342_439, 1_000_000].map(grouped), ["7", "999", "1,000", "342,439", "1,000,000"]);
    }
}
