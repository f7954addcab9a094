//! The templates and assets of pages, as they are in the binary, and what templates may call.
//!
//! In: a language. Out: an environment of templates with its words ([`super::words`]). A template has the name of its file without
//! `.html`; one that is not in [`TEMPLATES`] is not there.

use std::sync::OnceLock;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::form::LONGEST;
use super::page::Lang;
use super::words;

/// The templates and their texts.
macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("templates/", $name, ".html")))),*]
    };
}

/// The templates, by the name that [`super::page::page`] takes.
pub(super) const TEMPLATES: &[(&str, &str)] = &templates![
    "layout",
    "failure",
    "sign_in",
    "access",
    "search",
    "customer_tabs",
    "show",
    "customer",
    "graph",
    "growth",
    "waterfall",
    "evidence",
    "pair",
    "why-not",
    "decisions",
    "review_parts",
    "review",
    "review_pair",
    "review_preview",
    "life",
    "record",
    "restatements",
    "diff",
    "runs",
    "run",
    "values",
    "tables",
    "table",
    "charts",
    "report",
    "charts/body",
    "charts/parts",
    "charts/bars",
    "charts/campaigns",
    "charts/months",
    "charts/curves",
    "charts/cells",
    "charts/stages",
    "charts/deciles",
    "charts/sets",
    "charts/moves",
    "charts/restated",
];

/// Stylesheets that the template of a file includes: a file has no server to ask for them.
const STYLES: &[(&str, &str)] =
    &[("style.css", include_str!("assets/style.css")), ("report.css", include_str!("assets/report.css"))];

/// Files that pages ask for: name, type, text.
pub(super) const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("assets/style.css")),
    ("script.js", "text/javascript; charset=utf-8", include_str!("assets/script.js")),
    ("review.js", "text/javascript; charset=utf-8", include_str!("assets/review.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// The templates of a language.
///
/// # Errors
/// Where a template is wrong, which a test finds first.
pub(super) fn all(lang: Lang) -> Result<&'static Environment<'static>, Error> {
    static JA: OnceLock<Result<Environment<'static>, Error>> = OnceLock::new();
    static EN: OnceLock<Result<Environment<'static>, Error>> = OnceLock::new();
    let all = match lang {
        Lang::Ja => JA.get_or_init(|| made(lang)),
        Lang::En => EN.get_or_init(|| made(lang)),
    };
    all.as_ref().map_err(|error| Error::new(error.kind(), "a template is wrong"))
}

fn made(lang: Lang) -> Result<Environment<'static>, Error> {
    let mut all = Environment::new();
    all.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    all.set_auto_escape_callback(|_| AutoEscape::Html);
    words::add(&mut all, lang);
    super::charts::format::add(&mut all, lang);
    all.add_function("asset", address);
    all.add_global("longest", Value::from_serialize(LONGEST));
    all.add_filter("url", |text: String| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
    for (name, text) in TEMPLATES.iter().chain(STYLES) {
        all.add_template(name, text)?;
    }
    Ok(all)
}

/// The address of an asset, with the digest of its bytes, so that a browser may keep it for ever.
fn address(name: &str) -> Result<String, Error> {
    let asset = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, _, text) = asset.ok_or_else(|| Error::new(ErrorKind::UndefinedError, "an asset is missing"))?;
    Ok(format!("/assets/{}/{name}", &blake3::hash(text.as_bytes()).to_hex()[..16]))
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn every_template_can_be_read_in_both_languages() {
        for lang in [Lang::Ja, Lang::En] {
            let all = all(lang).expect("the templates are right");
            assert_eq!(all.templates().count(), TEMPLATES.len() + STYLES.len());
        }
    }

    #[test]
    fn a_name_full_of_markup_is_text() {
        let name = "<script>alert(1)</script> \"'&";
        let hits = [context! { customer_id => "C-1", name => name, found_by => ["name"] }];
        let context = context! {
            lang => "en", part => "search", q => name, run => 1, as_of => "2026-03-31T00:00:00Z", zone => "Asia/Tokyo",
            who => context! { name => name, roles => ["analyst"], csrf => "t" },
            found => context! { hits => hits, more => false },
        };
        let template = all(Lang::En).and_then(|all| all.get_template("search")).expect("there");
        let html = template.render(context).expect("drawn");
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(html.contains("value=\"&lt;script&gt;"), "{html}");
    }

    #[test]
    fn no_template_has_a_style_or_a_script_of_its_own_or_an_outside_address() {
        for (name, text) in TEMPLATES {
            // A file has its stylesheet in it.
            let text = if *name == "report" { text.replacen("<style>", "", 1) } else { text.to_string() };
            for wrong in ["style=", "<style", "onclick", "http://", "https://", "|safe", "javascript:"] {
                assert!(!text.contains(wrong), "{name}.html has {wrong}");
            }
        }
    }
}
