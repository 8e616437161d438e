//! Prices: what is known, and what is set over the API above `attache.yaml` and the built-in table.

use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        cloudflare::time,
        input::{Body, IfMatch, Path, Tagged},
    },
    provider::{Price, PriceName, PriceSource, Priced, Rates},
    store::{Role, StoredPrice},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Versions of one price.
const MOST_VERSIONS: usize = 100;
/// Pico-dollars for a token are millionths of a dollar for a million tokens.
const PICO_PER_TOKEN: f64 = 1e6;
/// Nano-dollars of a dollar.
const NANO: f64 = 1e9;

/// A price of the table.
#[derive(Serialize, ToSchema)]
pub(super) struct PriceRow {
    /// `*` stands for any text.
    provider: String,
    /// `*` stands for any text.
    model: String,
    /// From when on it is in force; from the beginning, if not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// `api`, `attache.yaml` or `built-in`.
    source: &'static str,
    /// Whether it is built in, not set by anybody.
    built_in: bool,
    #[serde(flatten)]
    price: PriceView,
}

impl PriceRow {
    fn new(row: Priced<'_>) -> Self {
        Self {
            provider: row.provider.to_owned(),
            model: row.model.to_owned(),
            from: row.from.map(time),
            source: row.source.name(),
            built_in: row.source == PriceSource::BuiltIn,
            price: PriceView::new(row.price),
        }
    }
}

/// What a model costs, in US dollars for a million tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct PriceView {
    /// Of input.
    input: f64,
    /// Of output.
    output: f64,
    /// Of input that the provider had kept in its cache.
    cached_input: f64,
    /// Of input that the provider wrote to its cache.
    cache_write: f64,
    /// Of input that the provider wrote to its cache, to be kept for an hour.
    cache_write_1h: f64,
    /// Of input that was sound.
    audio_input: f64,
    /// Of input that was pictures.
    image_input: f64,
    /// Of output that was reasoning.
    reasoning: f64,
    /// Of output that was sound.
    audio_output: f64,
    /// Of output that was pictures.
    image_output: f64,
    /// Of every answer, in US dollars.
    request: f64,
}

impl PriceView {
    pub(super) fn new(price: Price) -> Self {
        let usd = |pico: u64| pico as f64 / PICO_PER_TOKEN;
        Self {
            input: usd(price.input),
            output: usd(price.output),
            cached_input: usd(price.cached),
            cache_write: usd(price.cache_write),
            cache_write_1h: usd(price.cache_write_1h),
            audio_input: usd(price.audio_input),
            image_input: usd(price.image_input),
            reasoning: usd(price.reasoning),
            audio_output: usd(price.audio_output),
            image_output: usd(price.image_output),
            request: price.request as f64 / NANO,
        }
    }
}

/// A price as it is set: US dollars for a million tokens; what is not given follows from `input` or `output`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceVersion {
    /// From when on it is in force: `2026-01-01` (midnight, UTC) or a time in RFC 3339; from the beginning, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Of input.
    #[schema(minimum = 0, maximum = 1_000_000)]
    input: f64,
    /// Of output.
    #[schema(minimum = 0, maximum = 1_000_000)]
    output: f64,
    /// Of input that the provider had kept in its cache; `input`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cached_input: Option<f64>,
    /// Of input that the provider wrote to its cache; `input`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_write: Option<f64>,
    /// Of input that the provider wrote to its cache, to be kept for an hour; `cache_write`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_write_1h: Option<f64>,
    /// Of input that was sound; `input`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio_input: Option<f64>,
    /// Of input that was pictures; `input`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image_input: Option<f64>,
    /// Of output that was reasoning; `output`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reasoning: Option<f64>,
    /// Of output that was sound; `output`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio_output: Option<f64>,
    /// Of output that was pictures; `output`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image_output: Option<f64>,
    /// Of every answer, in US dollars; nothing, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<f64>,
}

impl PriceVersion {
    fn new(rates: &Rates) -> Self {
        let usd = |pico: u64| pico as f64 / PICO_PER_TOKEN;
        let maybe = |pico: Option<u64>| pico.map(usd);
        Self {
            from: rates.from.map(|from| from.to_string()),
            input: usd(rates.input),
            output: usd(rates.output),
            cached_input: maybe(rates.cached),
            cache_write: maybe(rates.cache_write),
            cache_write_1h: maybe(rates.cache_write_1h),
            audio_input: maybe(rates.audio_input),
            image_input: maybe(rates.image_input),
            reasoning: maybe(rates.reasoning),
            audio_output: maybe(rates.audio_output),
            image_output: maybe(rates.image_output),
            request: rates.request.map(|nano| nano as f64 / NANO),
        }
    }

    /// An error names the field.
    fn read(&self) -> Result<Rates, (&'static str, String)> {
        let wanted = |field| (field, "expected US dollars, from 0 to 1000000".to_owned());
        let one = |field, usd| Rates::per_token(usd).ok_or_else(|| wanted(field));
        let maybe = |field, usd: Option<f64>| usd.map(|usd| one(field, usd)).transpose();
        let moment = |text: &String| {
            let said =
                "expected a date such as 2026-01-01, or a time such as 2026-01-01T08:00:00Z".to_owned();
            Rates::moment(text).ok_or(("from", said))
        };
        let request = |usd| Rates::per_answer(usd).ok_or_else(|| wanted("request"));
        Ok(Rates {
            from: self.from.as_ref().map(moment).transpose()?,
            input: one("input", self.input)?,
            output: one("output", self.output)?,
            cached: maybe("cached_input", self.cached_input)?,
            cache_write: maybe("cache_write", self.cache_write)?,
            cache_write_1h: maybe("cache_write_1h", self.cache_write_1h)?,
            audio_input: maybe("audio_input", self.audio_input)?,
            image_input: maybe("image_input", self.image_input)?,
            reasoning: maybe("reasoning", self.reasoning)?,
            audio_output: maybe("audio_output", self.audio_output)?,
            image_output: maybe("image_output", self.image_output)?,
            request: self.request.map(request).transpose()?,
        })
    }
}

/// The price of a name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPrice {
    /// Each from another time on.
    #[schema(min_items = 1, max_items = 100)]
    versions: Vec<PriceVersion>,
}

impl NewPrice {
    fn read(&self) -> Result<Value, Failure> {
        if !(1..=MOST_VERSIONS).contains(&self.versions.len()) {
            let message = format!("expected 1 to {MOST_VERSIONS} versions");
            return Err(Failure::at(Code::Invalid, &["body", "versions"], message));
        }
        let read = self.versions.iter().enumerate().map(|(i, version)| {
            let place =
                |(field, why)| Failure::at(Code::Invalid, &["body", "versions", &i.to_string(), field], why);
            version.read().map_err(place)
        });
        let versions = read.collect::<Result<Vec<_>, _>>()?;
        if !Rates::apart(&versions) {
            let message = "two versions begin at the same time; give each its own `from`";
            return Err(Failure::at(Code::Invalid, &["body", "versions"], message));
        }
        serde_json::to_value(&versions).map_err(|error| Failure::new(Code::Invalid, error.to_string()))
    }
}

/// A price that is set over the API.
#[derive(Serialize, ToSchema)]
pub(super) struct SetPrice {
    /// `provider/model`.
    name: String,
    versions: Vec<PriceVersion>,
    modified_at: String,
    /// Grows with every change; the ETag.
    revision: u64,
}

impl SetPrice {
    fn new(price: StoredPrice) -> Self {
        // what nobody can read is told as empty, and as a problem of the pair
        let versions: Vec<Rates> = serde_json::from_value(price.versions).unwrap_or_default();
        Self {
            name: price.name,
            versions: versions.iter().map(PriceVersion::new).collect(),
            modified_at: time(price.modified_at),
            revision: price.revision,
        }
    }

    fn tagged(price: StoredPrice) -> Tagged<Answer<Self>> {
        let view = Self::new(price);
        Tagged::new(format!("\"{}\"", view.revision), Answer::new(view))
    }
}

/// One name.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Named {
    /// `provider/model`, its slashes as `%2F`; `*` stands for any text.
    name: String,
}

/// List the prices that this pair knows.
#[utoipa::path(get, path = "/prices", tag = "prices", operation_id = "list_prices",
    responses((status = 200, description = "The prices, by name.", body = Answer<Vec<PriceRow>>), Failures))]
pub(super) async fn list(State(office): State<Arc<Office>>, _: Caller) -> Answer<Vec<PriceRow>> {
    let live = office.world.live();
    Answer::new(live.snapshot.prices.rows().into_iter().map(PriceRow::new).collect())
}

/// Show a price that is set over the API.
#[utoipa::path(get, path = "/prices/{name}", tag = "prices", operation_id = "get_price", params(Named),
    responses((status = 200, description = "The price.", body = Answer<SetPrice>), Failures))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Tagged<Answer<SetPrice>>, Failure> {
    Ok(SetPrice::tagged(office.store.price(&name).await?))
}

/// Set the price of a name, above `attache.yaml` and the built-in table.
#[utoipa::path(put, path = "/prices/{name}", tag = "prices", operation_id = "set_price", params(Named), request_body = NewPrice,
    responses((status = 200, description = "The price.", body = Answer<SetPrice>), Failures))]
pub(super) async fn set(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    IfMatch(expected): IfMatch,
    Body(body): Body<NewPrice>,
) -> Result<Tagged<Answer<SetPrice>>, Failure> {
    caller.may(Role::Admin)?;
    name.parse::<PriceName>().map_err(|why| Failure::at(Code::Invalid, &["path", "name"], why))?;
    let versions = body.read()?;
    let price = office.store.set_price(caller.writes().expecting(expected), &name, &versions).await?;
    office.publish().await;
    Ok(SetPrice::tagged(price))
}

/// Forget the price of a name: that of `attache.yaml` or the built-in one counts again.
#[utoipa::path(delete, path = "/prices/{name}", tag = "prices", operation_id = "delete_price", params(Named),
    responses((status = 200, description = "The price as it was.", body = Answer<SetPrice>), Failures))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    IfMatch(expected): IfMatch,
) -> Result<Answer<SetPrice>, Failure> {
    caller.may(Role::Admin)?;
    let price = office.store.delete_price(caller.writes().expecting(expected), &name).await?;
    office.publish().await;
    Ok(Answer::new(SetPrice::new(price)))
}
