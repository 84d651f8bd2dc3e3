//! stub
pub fn document() -> serde_json::Value {
    serde_json::Value::Null
}
pub(super) async fn json() -> &'static str {
    ""
}
pub(super) async fn page() -> &'static str {
    ""
}
