//! The temperature that makes a network's probabilities mean what they say (Guo et al. 2017).

/// Temperatures that are looked through.
const RANGE: [f32; 2] = [0.2, 8.0];

/// The temperature under which `softmax(logits / T)` gives the truth the highest mean log-probability.
///
/// * `logits`: one row an input
/// * `classes`: the true class of each
///
/// The mean log-probability has one maximum in `1 / T`, found by golden-section search.
pub fn best_temperature(logits: &[Vec<f32>], classes: &[usize]) -> f32 {
    if logits.is_empty() {
        return 1.0;
    }
    let golden = (5f32.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (1.0 / RANGE[1], 1.0 / RANGE[0]);
    for _ in 0..40 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if negative_log_likelihood(logits, classes, left) < negative_log_likelihood(logits, classes, right) {
            high = right;
        } else {
            low = left;
        }
    }
    2.0 / (low + high)
}

fn negative_log_likelihood(logits: &[Vec<f32>], classes: &[usize], inverse_temperature: f32) -> f64 {
    logits
        .iter()
        .zip(classes)
        .map(|(row, &class)| {
            let scaled = row.iter().map(|logit| f64::from(logit * inverse_temperature));
            let largest = scaled.clone().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = scaled.map(|value| (value - largest).exp()).sum::<f64>().ln() + largest;
            log_sum - f64::from(row[class] * inverse_temperature)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overconfident_network_is_cooled_to_its_accuracy() {
        // Right in three of four cases, but with logits that claim much more.
        let logits = vec![vec![9.0, 0.0]; 400];
        let classes: Vec<usize> = (0..400).map(|index| usize::from(index % 4 == 0)).collect();
        let temperature = best_temperature(&logits, &classes);
        let confidence = 1.0 / (1.0 + (-9.0 / temperature).exp());
        assert!((confidence - 0.75).abs() < 0.01, "{temperature}: {confidence}");
    }

    #[test]
    fn nothing_to_learn_from_leaves_it_at_one() {
        assert_eq!(best_temperature(&[], &[]), 1.0);
    }
}
