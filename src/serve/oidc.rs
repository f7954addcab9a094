//! Sign-in by OpenID Connect: the code flow with PKCE, a state and a nonce.
//!
//! In: the provider of the settings. Out: where a browser is sent; and from what it brings back, who that is with which roles. The provider
//! is asked for its addresses and keys when somebody signs in, so that it need not be there when the process starts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse, UserInfoClaims, reqwest,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::random;
use crate::config::serve_file::{OidcFile, Role};
use crate::error::{Error, Result};

/// Where the provider sends a browser back to, below the public address.
pub(super) const BACK: &str = "/sign-in/oidc/back";

/// How long somebody may take at the provider: to find a phone for a second factor, and not much more.
const TAKES: Duration = Duration::from_secs(10 * 60);

/// Sign-ins under way at most; each is some hundred bytes, and who begins a million of them signs nobody else out.
const UNDER_WAY: usize = 10_000;

/// How long the provider may take to answer.
const ANSWERS: Duration = Duration::from_secs(10);

/// All claims beside the standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Others {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type OfProvider = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A sign-in that is under way at the provider.
struct UnderWay {
    begun: Instant,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    next: String,
}

/// Somebody whom the provider knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// The name of the account.
    pub(super) name: String,
    /// Its roles; none where the provider says none that are known here.
    pub(super) roles: BTreeSet<Role>,
    /// Where they wanted to go.
    pub(super) next: String,
}

/// A provider of sign-in.
pub(super) struct Provider {
    settings: OidcFile,
    secret: Option<String>,
    back: RedirectUrl,
    http: reqwest::Client,
    /// By the hash of the browser's cookie.
    under_way: Mutex<HashMap<String, UnderWay>>,
}

impl Provider {
    /// The provider of the settings.
    ///
    /// # Errors
    /// Configuration, where the public address is none.
    pub(super) fn new(settings: &OidcFile, secret: Option<String>, public_url: Option<&str>) -> Result<Self> {
        let back = format!("{}{BACK}", public_url.unwrap_or_default());
        let back = RedirectUrl::new(back).map_err(|_| Error::config("public_url is no address").hint("mend it"))?;
        // A redirect could lead to a place inside that only this process reaches.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWERS).build();
        let http = http.map_err(|e| Error::environment(format!("cannot speak with the sign-in provider: {e}")))?;
        Ok(Provider { settings: settings.clone(), secret, back, http, under_way: Mutex::default() })
    }

    /// Begins a sign-in: the address at the provider, and the token of the cookie that ties the answer to this browser.
    ///
    /// # Errors
    /// Environment, where the provider cannot be reached.
    pub(super) async fn begin(&self, next: &str) -> Result<(String, String)> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .set_pkce_challenge(challenge)
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new));
        let (url, state, nonce) = request.url();
        let token = random::token()?;
        let under_way = UnderWay { begun: Instant::now(), state, nonce, verifier, next: next.to_string() };
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| other.begun.elapsed() < TAKES);
        if all.len() >= UNDER_WAY {
            return Err(Error::environment("too many people are signing in")
                .hint("try again in a few minutes")
                .ja("サインイン中の人が多すぎます。", "数分後にもう一度お試しください。"));
        }
        all.insert(random::hash(&token), under_way);
        Ok((url.to_string(), token))
    }

    /// Ends a sign-in with what the browser brought back. None where this browser began none, or too long ago, or with another state.
    ///
    /// # Errors
    /// Environment, where the provider cannot be reached or its answer is not right.
    pub(super) async fn end(&self, token: &str, code: &str, state: &str) -> Result<Option<Known>> {
        let begun = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&random::hash(token));
        let Some(begun) = begun.filter(|begun| begun.begun.elapsed() < TAKES) else { return Ok(None) };
        if !random::is_same(begun.state.secret(), state) {
            return Ok(None);
        }
        let client = self.client().await?;
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_string()))
            .map_err(|_| self.refused("it names no place where codes are exchanged"))?;
        let answer = request.set_pkce_verifier(begun.verifier).request_async(&self.http).await;
        let answer = answer.map_err(|_| self.refused("it does not take the code"))?;
        let id_token = answer.id_token().ok_or_else(|| self.refused("it says nobody's identity"))?;
        let verifier = client.id_token_verifier();
        let claims = id_token
            .claims(&verifier, &begun.nonce)
            .map_err(|_| self.refused("its identity is not signed, not for this process, or too old"))?;
        let mut said = claims.additional_claims().all.clone();
        let mut name = claims.preferred_username().map(|name| name.to_string());
        // Many providers say groups and names only when they are asked for them.
        let lacks = |said: &BTreeMap<String, Value>| !said.contains_key(&self.settings.roles_claim);
        if (lacks(&said) || name.is_none())
            && let Ok(request) = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()))
        {
            let info: UserInfoClaims<Others, CoreGenderClaim> =
                request.request_async(&self.http).await.map_err(|_| self.refused("it does not say who that is"))?;
            name = name.or_else(|| info.preferred_username().map(|name| name.to_string()));
            for (claim, value) in &info.additional_claims().all {
                said.entry(claim.clone()).or_insert_with(|| value.clone());
            }
        }
        let name = match &self.settings.name_claim {
            Some(claim) => said.get(claim).and_then(Value::as_str).map(str::to_string),
            None => name,
        };
        Ok(Some(Known {
            name: name.unwrap_or_else(|| claims.subject().to_string()),
            roles: roles(&self.settings, said.get(&self.settings.roles_claim)),
            next: begun.next,
        }))
    }

    async fn client(&self) -> Result<OfProvider> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|_| Error::config("the issuer of oidc is no address").hint("mend it in the settings"))?;
        let about = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let about = about.map_err(|_| self.refused("it does not answer as such a provider does"))?;
        let client = Client::from_provider_metadata(
            about,
            ClientId::new(self.settings.client_id.clone()),
            self.secret.clone().map(ClientSecret::new),
        );
        Ok(client.set_redirect_uri(self.back.clone()))
    }

    /// What a provider says may hold what somebody typed there.
    fn refused(&self, what: &str) -> Error {
        Error::environment(format!("the sign-in provider {} failed: {what}", self.settings.issuer))
            .hint("check issuer, client_id and its secret in the settings")
    }
}

/// The roles of a claim: a text or a list of texts.
fn roles(settings: &OidcFile, claim: Option<&Value>) -> BTreeSet<Role> {
    let values: Vec<&str> = match claim {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let of_value = |value: &str| -> Vec<Role> {
        match settings.roles.is_empty() {
            true => serde_json::from_value(Value::String(value.to_string())).into_iter().collect(),
            false => settings.roles.get(value).cloned().unwrap_or_default(),
        }
    };
    values.into_iter().flat_map(of_value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_roles_as_the_settings_say() {
        let settings = |roles: &[(&str, Role)]| OidcFile {
            issuer: "https://id.example".into(),
            client_id: "nayose".into(),
            client_secret_env: None,
            name_claim: None,
            roles_claim: "groups".into(),
            roles: roles.iter().map(|(group, role)| ((*group).to_string(), vec![*role])).collect(),
            scopes: Vec::new(),
        };
        let groups = serde_json::json!(["data", "steward", 7]);
        assert_eq!(roles(&settings(&[]), Some(&groups)), [Role::Steward].into());
        assert_eq!(roles(&settings(&[("data", Role::Analyst)]), Some(&groups)), [Role::Analyst].into());
        assert_eq!(roles(&settings(&[]), Some(&serde_json::json!("admin"))), [Role::Admin].into());
        assert_eq!(roles(&settings(&[]), None), BTreeSet::new());
    }
}
