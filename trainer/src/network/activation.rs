//! What becomes of the output of a layer before others read it.

use serde::{Deserialize, Serialize};

/// What becomes of the output of a layer before others read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub enum Activation {
    /// Nothing.
    None,
    /// Negative numbers become zero.
    Relu,
    /// Negative numbers become zero, those above six become six (Howard et al. 2017).
    Relu6,
}

impl Activation {
    /// Of one number.
    pub fn apply(self, value: f32) -> f32 {
        match self {
            Self::None => value,
            Self::Relu => value.max(0.0),
            Self::Relu6 => value.clamp(0.0, 6.0),
        }
    }
}

/// An activation in the description of a run. In runs of the first trainers it says whether there is a ReLU.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Relu(bool),
    Name(Name),
}

#[derive(Deserialize)]
enum Name {
    None,
    Relu,
    Relu6,
}

impl From<Written> for Activation {
    fn from(written: Written) -> Self {
        match written {
            Written::Relu(false) | Written::Name(Name::None) => Self::None,
            Written::Relu(true) | Written::Name(Name::Relu) => Self::Relu,
            Written::Name(Name::Relu6) => Self::Relu6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_the_first_trainers_can_still_be_read() {
        for (text, expected) in
            [("true", Activation::Relu), ("false", Activation::None), ("\"Relu6\"", Activation::Relu6)]
        {
            assert_eq!(serde_json::from_str::<Activation>(text).unwrap(), expected);
        }
        for activation in [Activation::None, Activation::Relu, Activation::Relu6] {
            let text = serde_json::to_string(&activation).unwrap();
            assert_eq!(serde_json::from_str::<Activation>(&text).unwrap(), activation);
        }
    }

    #[test]
    fn a_relu6_keeps_what_lies_between_zero_and_six() {
        assert_eq!([-1.0, 0.5, 6.0, 7.5].map(|value| Activation::Relu6.apply(value)), [0.0, 0.5, 6.0, 6.0]);
    }
}
