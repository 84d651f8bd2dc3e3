//! The auditor's lists in a real browser: from a question to the events that prove the answer.

use serde_json::{Value, json};
use subject_record::simulate::SHOWCASE;

use super::Reader;

/// Signs the reader out and in again with the token of another role.
async fn with_role(role: &str) -> Option<Reader> {
    let reader = Reader::signed_in().await?;
    reader.browser.click("div.account button").await;
    reader.browser.wait_for("form[data-sign-in]").await;
    reader.browser.type_into("#token", &reader.demo.token(role)).await;
    reader.browser.click("form[data-sign-in] button").await;
    reader.browser.wait_for("div.account").await;
    Some(reader)
}

/// Codes and recipients of the findings on the page, from the top.
async fn findings(reader: &Reader) -> Value {
    let script = "return [...document.querySelectorAll('li.row')].map(row => row.innerText)";
    reader.browser.run(script).await
}

#[tokio::test]
async fn an_auditor_narrows_the_findings_follows_one_to_the_timeline_and_opens_its_bytes() {
    let Some(reader) = with_role("AUDITOR").await else { return };
    reader.demo.is_followed().await;
    reader.browser.click("nav.lists a[href^='/findings']").await;
    reader.browser.wait_for("li.row").await;
    let all = findings(&reader).await.as_array().unwrap().len();

    let narrow = "document.querySelector('#event').value = 'disclosure.made.v1'; \
                  document.querySelector('#from').value = '2025-10-01'; \
                  document.querySelector('#to').value = '2025-10-31'";
    reader.browser.run(narrow).await;
    reader.browser.click("form.search button.primary").await;
    // Rows stand on the page before, too: what was asked stands in the fields of the next one only.
    reader.browser.wait_for("#from[value='2025-10-01']").await;
    reader.browser.wait_for("li.row").await;
    let narrowed = findings(&reader).await;
    let rows = narrowed.as_array().unwrap();
    assert!(rows.len() == 1 && rows.len() < all, "{narrowed}");
    let said = rows[0].as_str().unwrap();
    for part in ["F28", "partner-edu-4", SHOWCASE, "94-V/9", "open"] {
        assert!(said.contains(part), "{part}: {said}");
    }

    let position = reader
        .browser
        .text("return document.querySelector('li.row dd a[href^=\"/v1/events/\"]').innerText")
        .await;
    reader.browser.click(&format!("li.row a[href*='subject={SHOWCASE}']")).await;
    reader.browser.wait_for("header.person").await;
    let marked = format!("return document.querySelector('#p{position} .findings').innerText");
    let marked = reader.browser.text(&marked).await;
    assert!(marked.contains("F28") && marked.contains("clause 3.4.2"), "{marked}");
    let others = "return document.querySelectorAll('.entry .findings').length";
    assert_eq!(reader.browser.run(others).await, json!(1), "no other event of hers is marked");
    let address = reader.browser.text("return location.href").await;
    assert!(address.ends_with(&format!("#p{position}")), "{address}");

    reader.nothing_was_wrong().await;
    reader.go(&format!("/v1/events/{position}")).await;
    let proof: Value = serde_json::from_str(&reader.page().await).unwrap();
    assert_eq!(
        (&proof["data"]["recipient_id"], &proof["data"]["ground"]),
        (&json!("partner-edu-4"), &json!("none"))
    );
}

#[tokio::test]
async fn lists_are_told_in_three_languages_and_fit_a_telephone() {
    let Some(reader) = with_role("OFFICER").await else { return };
    reader.demo.is_followed().await;
    for (language, finding, missed) in [
        ("ru", "Передача без согласия", "Сроки"),
        ("kk", "Келісімсіз", "Мерзімдер"),
        ("en", "Disclosure without", "Due dates"),
    ] {
        reader.go(&format!("/findings?lang={language}&finding=F28")).await;
        reader.browser.wait_for("li.row").await;
        assert!(reader.page().await.contains(finding), "{language}");
        reader.go(&format!("/deadlines?lang={language}")).await;
        reader.browser.wait_for("li.row").await;
        assert!(reader.page().await.contains(missed), "{language}");
    }
    reader.browser.narrow(390).await;
    let width = "return [innerWidth, document.documentElement.scrollWidth]";
    for list in ["findings", "deadlines"] {
        reader.go(&format!("/{list}?lang=ru&as_of=2026-03-01")).await;
        assert_eq!(reader.browser.run(width).await, json!([390, 390]), "{list}");
    }
    reader.nothing_was_wrong().await;
}

/// How often a page is asked for again: for half a minute.
const TRIES: u32 = 240;
const TRY_AGAIN: std::time::Duration = std::time::Duration::from_millis(500);

#[tokio::test]
async fn support_sees_what_was_found_about_a_person_and_neither_list() {
    let Some(reader) = Reader::signed_in().await else { return };
    let marks = "return document.querySelectorAll('.entry .findings').length";
    let here = reader.browser.run("return location.pathname + location.search").await;
    // On a busy machine the page may come before the findings have caught up, and says so.
    for _ in 0..TRIES {
        if reader.browser.run(marks).await == json!(1) {
            break;
        }
        tokio::time::sleep(TRY_AGAIN).await;
        reader.go(here.as_str().unwrap()).await;
    }
    assert_eq!(reader.browser.run(marks).await, json!(1));
    assert_eq!(reader.browser.run("return document.querySelectorAll('nav.lists').length").await, json!(0));
    for list in ["findings", "deadlines"] {
        reader.go(&format!("/{list}?lang=en")).await;
        reader.browser.wait_for("form[data-sign-in]").await;
        assert!(!reader.page().await.contains("F28"), "{list}");
    }
    reader.nothing_was_wrong().await;
}
