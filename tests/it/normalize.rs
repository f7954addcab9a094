//! The normalizers through their two doors: the filter and SQL.

use std::io::Write;
use std::process::{Command, Stdio};

use arrow::util::pretty::pretty_format_batches;
use nayose::{Resources, session};

/// Sends lines through `nayose normalize KIND`.
fn filter(kind: &str, lines: &str) -> Vec<serde_json::Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(["normalize", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("stdin").write_all(lines.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|l| serde_json::from_str(l).expect("a JSON line"))
        .collect()
}

#[test]
fn every_line_has_an_answer_in_its_place() {
    for kind in ["name", "kana", "romaji", "address", "phone", "email", "date", "company"] {
        let mut lines = String::new();
        for i in 0..20_000 {
            lines += &format!("行{i}\n");
        }
        let answers = filter(kind, &(lines + "\n\u{fffd}\u{0}\u{202e}\n最後"));
        assert_eq!(answers.len(), 20_003, "{kind}");
        assert!(answers[20_000]["problem"].is_string(), "{kind}: a blank line has a problem: {}", answers[20_000]);
        assert!(answers.iter().all(|a| a.get("key").is_some()), "{kind}: every answer has a key, or null");
    }
}

#[test]
fn two_spellings_have_one_key() {
    let check = |kind: &str, lines: &str| {
        let answers = filter(kind, lines);
        assert!(answers[0]["key"].is_string(), "{kind}: {}", answers[0]);
        for answer in &answers[1..] {
            assert_eq!(answer["key"], answers[0]["key"], "{kind}: {answer}");
        }
    };
    check("address", "東京都世田谷区等々力六丁目21番5号\n世田谷区等々力６－２１－５\n東京都世田谷区 等々力6の21の5\n");
    check("name", "渡邊 花子\n渡邉　花子様\n渡辺花子\n");
    check("phone", "090-1234-5679\n０９０（１２３４）５６７９\n+81 90 1234 5679\n9012345679\n");
    check("email", "Taro.Yamada@gmail.com\ntaroyamada+shop@googlemail.com\n");
    check("date", "昭和55年3月4日\nS55.3.4\n1980/3/4\n19800304\n昭和五十五年三月四日\n");
    check("kana", "オオノ\nおおの\nｵｵﾉ\n");
    check("romaji", "OHNO\nŌNO\nOno\n");
    check("company", "株式会社山田商店\n㈱山田商店\n（株）山田商店\n");
}

#[tokio::test]
async fn sql_knows_the_normalizers() {
    let context = session(&Resources::default()).expect("a session");
    let check = async |query: &str, expected: &str| {
        let rows = context.sql(query).await.expect(query).collect().await.expect(query);
        let text = pretty_format_batches(&rows).expect("rows").to_string();
        assert!(text.contains(expected), "{query} gives\n{text}");
    };
    check("select normalize_address('横浜市南区別所1-2-3')['canonical']", "神奈川県横浜市南区別所1丁目2-3").await;
    check("select normalize_address('中央区1-2-3', '1030027')['prefecture']", "東京都").await;
    check("select normalize_address('東京都港区芝1-2-3')['chome'] + 1", "2").await;
    check("select normalize_name('渡邉花子様')['key']", "渡辺 花子").await;
    check("select normalize_name('田中 裕子', 'タナカ ヒロコ')['given_kana']", "ヒロコ").await;
    check("select normalize_phone('０９０－１２３４－５６７９')['key']", "+819012345679").await;
    check("select normalize_email('A@GMAIL.COM')['key']", "a@gmail.com").await;
    check("select normalize_date('S55.3.4')['key']", "1980-03-04").await;
    check("select normalize_company('㈱山田')['key'] = normalize_company('株式会社 山田')['key']", "true").await;
    check("select normalize_name(cast(null as varchar)) is null", "true").await;
    check("select timestamp('2026/03/31 09:00:00')", "2026-03-31T00:00:00Z").await;
    check("select number('￥１，２００')", "1200").await;
}
