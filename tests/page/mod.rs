//! The page in a real browser: what support staff see, do and leave on record.

mod auditing;
mod browser;
mod verifying;

use serde_json::{Value, json};
use subject_record::simulate::{SHOWCASE, SHOWCASE_IIN, SHOWCASE_PHONE};
use tempfile::TempDir;

use self::browser::Browser;
use crate::demo::Demo;
use crate::tools;

/// A demo, and a browser in front of it that has followed the printed link.
struct Reader {
    browser: Browser,
    demo: Demo,
    _folder: TempDir,
}

impl Reader {
    /// Signed in, with the showcase on the page; nobody where there is no browser.
    async fn signed_in() -> Option<Self> {
        if !tools::wanted("chromium", &["chromium", "chromedriver"]) {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let (demo, browser) = (Demo::start(folder.path()).await, Browser::start().await);
        let printed = demo.greeting.lines().find_map(|line| line.strip_prefix("page")).unwrap();
        browser.go(printed.trim()).await;
        browser.wait_for("header.person").await;
        Some(Self { browser, demo, _folder: folder })
    }

    /// Goes to a path of the page.
    async fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.demo.url())).await;
    }

    /// Everything that can be read on the page.
    async fn page(&self) -> String {
        self.browser.text("return document.body.innerText").await
    }

    /// Sentences of the timeline, from the top.
    async fn sentences(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('.entry .sentence')].map(one => one.innerText)";
        serde_json::from_value(self.browser.run(script).await).unwrap()
    }

    /// Categories of every look at the showcase that is on record, in order.
    async fn looks(&self) -> Vec<Value> {
        let log = self.demo.log().await;
        let looks = log.into_iter().filter(|stored| stored.stream == format!("access-{SHOWCASE}"));
        let categories = looks.map(|look| {
            assert_eq!(look.document["type"], "record.viewed.v1");
            assert_eq!(look.document["data"]["what"], "console", "{}", look.document);
            assert_eq!(look.document["data"]["case_ref"], "T-1042", "{}", look.document);
            look.document["data"]["categories"].clone()
        });
        categories.collect()
    }

    /// Nothing failed to load or run, and the content security policy had nothing to refuse.
    async fn nothing_was_wrong(&self) {
        assert_eq!(self.browser.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_printed_link_signs_in_and_the_timeline_is_told_in_three_languages() {
    let Some(reader) = Reader::signed_in().await else { return };
    let address = reader.browser.text("return location.href").await;
    assert!(!address.contains("sr_"), "the token does not stay in the address: {address}");
    let told = [
        (
            "ru",
            "Отозвано согласие c-showcase-0001-17 для всех его целей. Форма: через негосударственный сервис.",
        ),
        ("kk", "Пайдаланушы кеңседе жеке тұлға ретінде тіркелді (нысан reg-4, қазақ тілі)."),
        ("en", "Registered at the office as a natural person (form reg-4, language: Kazakh)."),
    ];
    let mut events = Vec::new();
    for (language, sentence) in told {
        reader.browser.click(&format!("nav.languages a[lang={language}]")).await;
        assert_eq!(reader.browser.text("return document.documentElement.lang").await, language);
        let sentences = reader.sentences().await;
        assert!(sentences.iter().any(|told| told == sentence), "{sentences:#?}");
        events.push(sentences.len());
    }
    assert!(events[0] > 20 && events.iter().all(|count| *count == events[0]), "{events:?}");
    reader.nothing_was_wrong().await;

    let inline = "const style = document.createElement('style'); style.textContent = 'p { color: red }'; \
                  document.head.append(style)";
    reader.browser.run(inline).await;
    let complaints = reader.browser.complaints().await;
    assert!(complaints.iter().any(|said| said.contains("Content Security Policy")), "{complaints:?}");
}

#[tokio::test]
async fn a_masked_value_is_revealed_by_a_click_and_the_look_is_on_record() {
    let Some(reader) = Reader::signed_in().await else { return };
    let name = "Самалбекова Еңлік Нұржанқызы";
    assert_eq!(
        reader.browser.text("return document.querySelector('header.person h1').innerText").await,
        name
    );
    let page = reader.browser.text("return document.documentElement.outerHTML").await;
    assert!(page.contains(SHOWCASE_PHONE), "contacts are in sight");
    assert!(!page.contains(SHOWCASE_IIN), "a masked value is not in the page at all");
    assert_eq!(reader.looks().await, [json!(["full_name", "email", "phone"])]);

    reader.browser.click(".side a.reveal[href$='reveal=iin']").await;
    reader.browser.wait_for(".side a.reveal[href*='reveal=iin%2C']").await;
    assert!(reader.page().await.contains(SHOWCASE_IIN));
    let looks = reader.looks().await;
    assert_eq!(looks.len(), 2, "{looks:?}");
    assert!(looks[1].as_array().unwrap().contains(&json!("iin")), "{looks:?}");
    reader.nothing_was_wrong().await;
}

#[tokio::test]
async fn a_day_narrows_the_page_to_what_had_happened_by_then() {
    let Some(reader) = Reader::signed_in().await else { return };
    let all = reader.sentences().await;
    // The advertising consent was given on 22 October 2025 and withdrawn on the 27th.
    reader.browser.run("document.querySelector('#as_of').value = '2025-10-24'").await;
    reader.browser.click("form.search button.primary").await;
    reader.browser.wait_for("p.moment").await;
    let by_then = reader.sentences().await;
    assert!(by_then.len() > 10 && by_then.len() < all.len(), "{} of {}", by_then.len(), all.len());
    assert!(all.ends_with(&by_then), "newest first, and nothing else is left out");
    let consents = "return [...document.querySelectorAll('.side table tbody')].map(one => one.className + ' ' + \
                    one.querySelector('.mono').innerText)";
    let running = |consents: &Value| consents.as_array().unwrap().contains(&json!("runs c-showcase-0001-17"));
    let then = reader.browser.run(consents).await;
    assert!(running(&then), "{then}");

    reader.browser.click("p.moment a").await;
    reader.browser.wait_for("header.person:not(:has(p.moment))").await;
    assert_eq!(reader.sentences().await, all);
    let now = reader.browser.run(consents).await;
    assert!(!running(&now) && now.to_string().contains("over c-showcase-0001-17"), "{now}");
    reader.nothing_was_wrong().await;
}

#[tokio::test]
async fn who_is_not_there_is_said_and_a_number_of_a_person_is_never_sent() {
    let Some(reader) = Reader::signed_in().await else { return };
    reader.nothing_was_wrong().await;
    let at = "return location.search";
    let before = reader.browser.text(at).await;
    reader.browser.type_into("#subject", SHOWCASE_IIN).await;
    reader.browser.click("form.search button.primary").await;
    assert_eq!(reader.browser.text(at).await, before, "the form keeps an IIN to itself");

    reader.browser.type_into("#subject", "p-nobody-0001").await;
    reader.browser.click("form.search button.primary").await;
    reader.browser.wait_for("p.asked").await;
    assert!(reader.page().await.contains("Nothing recorded under this id"), "{}", reader.page().await);
    reader.go(&format!("/?lang=en&subject={SHOWCASE_IIN}")).await;
    let page = reader.page().await;
    assert!(page.contains("A platform id is 8 to 64 Latin letters, digits, _ or -"), "{page}");
    assert!(!page.contains("Begin with") && !page.contains("Timeline"), "{page}");
    // Chromium says of both that their status is no success, and nothing else.
    let complaints = reader.browser.complaints().await;
    let statuses = ["status of 404", "status of 400"];
    let said = |status| complaints.iter().filter(|said| said.contains(status)).count();
    assert_eq!((statuses.map(said), complaints.len()), ([1, 1], 2), "{complaints:?}");
}

#[tokio::test]
async fn who_signed_out_sees_nobody() {
    let Some(reader) = Reader::signed_in().await else { return };
    reader.browser.click("div.account button").await;
    reader.browser.wait_for("form[data-sign-in]").await;
    reader.go(&format!("/?lang=en&subject={SHOWCASE}&purpose=support")).await;
    reader.browser.wait_for("form[data-sign-in]").await;
    let page = reader.page().await;
    assert!(page.contains("Sign in") && !page.contains(SHOWCASE), "{page}");
    reader.nothing_was_wrong().await;

    let token = reader.demo.token("SUPPORT");
    reader.browser.type_into("#token", &token).await;
    reader.browser.click("form[data-sign-in] button").await;
    reader.browser.wait_for("header.person").await;
    assert!(reader.page().await.contains(SHOWCASE), "back to the page that was asked for");
}

#[tokio::test]
async fn no_page_is_wider_than_a_telephone() {
    let Some(reader) = Reader::signed_in().await else { return };
    reader.browser.narrow(390).await;
    let width = "return [innerWidth, document.documentElement.scrollWidth]";
    for language in ["ru", "kk", "en"] {
        let person = format!("&subject={SHOWCASE}&purpose=support&case=T-1042&as_of=2025-11-30&reveal=iin");
        for asked in ["", &person, "&subject=p-nobody-0001", "&subject=x"] {
            reader.go(&format!("/?lang={language}{asked}")).await;
            let open_all = "document.querySelector('[data-open-all]')?.click()";
            reader.browser.run(open_all).await;
            assert_eq!(reader.browser.run(width).await, json!([390, 390]), "{language} {asked}");
        }
        reader.go(&format!("/sign-in?lang={language}")).await;
        assert_eq!(reader.browser.run(width).await, json!([390, 390]), "{language}, signing in");
    }
}
