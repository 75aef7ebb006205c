//! How the network was made, and what it looks like: enough to make it again.

use maud::{Markup, html};
use serde_json::Value;

use super::words::{grouped, spaced};
use super::{PageContent, Section, facts, scrolling};

pub(super) fn section(content: &PageContent<'_>) -> Section {
    let network = content.network;
    let mut rows: Vec<(&str, Markup)> = vec![
        ("Network", html! { (content.network_words) }),
        ("Parameters", html! { (grouped(network.parameters())) }),
        ("Operations an inference", html! { (format!("{:.1}", network.macs() as f64 / 1e6)) " MMAC" }),
        ("Temperature", html! { (format!("{:.3}", content.temperature)) }),
    ];
    if let Some(provenance) = content.provenance {
        rows.push(("Quantised by", html! { (provenance.trainer) }));
    }
    rows.push(("Report by", html! { "moodbox-trainer " (env!("CARGO_PKG_VERSION")) }));
    let body = html! {
        p { "The command that started the run:" }
        pre { code { (content.run.command) } }
        (facts(&rows))
        h3 { "Recipe" }
        (recipe(content))
        h3 { "Architecture" }
        (scrolling("Architecture", architecture(content)))
    };
    Section { id: "making", title: "How it was made".to_owned(), body, ..Section::default() }
}

/// Every setting by its name, whichever there are.
fn recipe(content: &PageContent<'_>) -> Markup {
    let settings = serde_json::to_value(&content.run.recipe).unwrap_or_default();
    html! {
        table.facts {
            tbody {
                @for (name, value) in settings.as_object().into_iter().flatten() {
                    tr { th scope="row" { (spaced(name)) } td { (plain(value)) } }
                }
            }
        }
    }
}

fn architecture(content: &PageContent<'_>) -> Markup {
    let architecture = &content.run.architecture;
    html! {
        table {
            caption { "Preset " (content.run.preset.name()) ", reads " (sizes(&architecture.input)) " (height × width × channels)" }
            thead { tr { @for name in ["Node", "Operation", "Settings", "Output"] { th scope="col" { (name) } } } }
            tbody {
                @for (index, node) in architecture.nodes.iter().enumerate() {
                    @let (name, settings) = operation(&serde_json::to_value(&node.operation).unwrap_or_default());
                    tr {
                        th scope="row" { (index) }
                        td.words { (name) }
                        td.words { (settings) }
                        td { (sizes(&node.output)) }
                    }
                }
            }
        }
    }
}

/// Name and settings of an operation, whichever it is.
fn operation(value: &Value) -> (String, String) {
    let Some((name, settings)) = value.as_object().and_then(|object| object.iter().next()) else {
        return (plain(value), String::new());
    };
    let settings = settings.as_object().into_iter().flatten();
    let settings: Vec<String> = settings.map(|(name, value)| format!("{} {}", spaced(name), plain(value))).collect();
    (name.clone(), settings.join(", "))
}

/// A setting as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.to_lowercase(),
        // Settings are kept in f32: their nearest f64 has digits that nobody wrote.
        Value::Number(number) if number.is_f64() => format!("{}", number.as_f64().unwrap_or_default() as f32),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join("×"),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{} {}", name.to_lowercase(), plain(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

fn sizes(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::architecture::{Operation, Tensor};

    #[test]
    fn operations_are_told_with_all_their_settings() {
        let pool = Operation::MaxPool { of: Tensor::Node(3), window: [2, 1] };
        let (name, settings) = operation(&serde_json::to_value(pool).unwrap());
        assert_eq!((name.as_str(), settings.as_str()), ("MaxPool", "of node 3, window 2×1"));
        assert_eq!(plain(&serde_json::to_value(0.3f32).unwrap()), "0.3");
    }
}
