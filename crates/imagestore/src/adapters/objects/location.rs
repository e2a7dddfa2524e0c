//! Where blobs are kept, as an address says it.

use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// Kinds of addresses, for those who wrote another one.
const KINDS: &str = "must be fs:, fs:FOLDER, s3://BUCKET/PREFIX?endpoint=…&region=…, gcs://BUCKET/PREFIX, azblob://CONTAINER/PREFIX or gdrive://FOLDER";

/// Where blobs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobLocation {
    /// Files of this machine: below the data folder, or below another one.
    Files(Option<PathBuf>),
    /// Objects of a store elsewhere.
    Objects(ObjectLocation),
}

/// An object store, and what of it is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLocation {
    pub(super) service: Service,
    /// The bucket or container; empty for Google Drive.
    pub(super) bucket: String,
    /// What stands before every key.
    pub(super) prefix: String,
    /// Another address of the service than its usual one.
    pub(super) endpoint: Option<String>,
}

/// What speaks the same protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Service {
    S3 { region: String, addressing: Addressing, checksum: bool },
    Gcs { auth: Auth },
    Azblob { account: String },
    Gdrive,
}

/// Whether requests to Google Cloud Storage show who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    /// By a service account, or whatever the machine has.
    Google,
    /// Not at all, as what is not Google's needs none.
    None,
}

/// How a bucket of S3 is named in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressing {
    /// In the path, as every store understands it.
    Path,
    /// In the name of the host, as Amazon wants it of newer buckets.
    Virtual,
}

impl BlobLocation {
    /// Whether processes with folders of their own find there what any of them put, as soon as it is put.
    pub fn can_be_shared(&self) -> bool {
        matches!(self, Self::Objects(location) if location.service != Service::Gdrive)
    }

    /// Whether all of the three keys of the settings are needed.
    pub fn needs_tokens(&self) -> bool {
        matches!(self, Self::Objects(location) if location.service == Service::Gdrive)
    }

    /// Whether addresses of single blobs can be given away, with the type and the name that they are shown under.
    pub fn can_presign(&self) -> bool {
        matches!(self, Self::Objects(ObjectLocation { service: Service::S3 { .. }, .. }))
    }
}

impl FromStr for BlobLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(folder) = text.strip_prefix("fs:") {
            return Ok(Self::Files((!folder.is_empty()).then(|| PathBuf::from(folder))));
        }
        let url = Url::parse(text).map_err(|_| KINDS.to_owned())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold keys: blobs.access_key and blobs.secret_key are for them".to_owned());
        }
        let (host, path) = (url.host_str().unwrap_or_default().to_owned(), url.path().trim_matches('/').to_owned());
        if host.is_empty() {
            return Err(KINDS.to_owned());
        }
        let mut parameters = Parameters::of(&url)?;
        let endpoint = parameters.take("endpoint").map(http_url).transpose()?;
        let service = match url.scheme() {
            "s3" => Service::S3 {
                region: s3_region(&mut parameters, endpoint.is_some())?,
                addressing: one_of(
                    &mut parameters,
                    "addressing",
                    &[("path", Addressing::Path), ("virtual", Addressing::Virtual)],
                )?,
                checksum: one_of(&mut parameters, "checksum", &[("crc32c", true), ("none", false)])?,
            },
            "gcs" => Service::Gcs { auth: gcs_auth(&mut parameters, endpoint.is_some())? },
            "azblob" => {
                let account = parameters.take("account").filter(|account| !account.is_empty());
                let missing = "must name its `account`, such as azblob://container?account=name";
                Service::Azblob { account: account.ok_or_else(|| missing.to_owned())? }
            }
            "gdrive" => Service::Gdrive,
            _ => return Err(KINDS.to_owned()),
        };
        parameters.end()?;
        let (bucket, prefix) = match service {
            Service::Gdrive => (String::new(), format!("{host}/{path}").trim_matches('/').to_owned()),
            _ => (host, path),
        };
        Ok(Self::Objects(ObjectLocation { service, bucket, prefix, endpoint }))
    }
}

/// What stands behind the question mark.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(url: &Url) -> Result<Self, String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url.query_pairs() {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(format!("has `{name}` twice"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(index).1)
    }

    fn end(self) -> Result<(), String> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(format!(
                "has a parameter `{name}` that is not known for it; known are `endpoint`, of s3 also `region`, `addressing` and `checksum`, of \
                 gcs `auth`, of azblob `account`; keys are settings of their own (blobs.access_key)"
            )),
        }
    }
}

fn http_url(text: String) -> Result<String, String> {
    let is_http = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
    if is_http { Ok(text) } else { Err("must have an `endpoint` such as https://s3.example.org".to_owned()) }
}

/// Other stores than Amazon's mostly do not care what theirs is called.
fn s3_region(parameters: &mut Parameters, has_endpoint: bool) -> Result<String, String> {
    match parameters.take("region").filter(|region| !region.is_empty()) {
        Some(region) => Ok(region),
        None if has_endpoint => Ok("us-east-1".to_owned()),
        None => Err("must name its `region`, such as s3://bucket?region=eu-central-1".to_owned()),
    }
}

/// Google's own is never asked without a key: it would refuse to store anything.
fn gcs_auth(parameters: &mut Parameters, has_endpoint: bool) -> Result<Auth, String> {
    match one_of(parameters, "auth", &[("google", Auth::Google), ("none", Auth::None)])? {
        Auth::None if !has_endpoint => Err("can have auth=none with an `endpoint` only".to_owned()),
        auth => Ok(auth),
    }
}

/// One of some words, the first of them if nothing is said.
fn one_of<T: Copy>(parameters: &mut Parameters, name: &str, words: &[(&str, T)]) -> Result<T, String> {
    let given = parameters.take(name);
    let found = match &given {
        None => words.first(),
        Some(given) => words.iter().find(|(word, _)| word == given),
    };
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
    found.map(|(_, value)| *value).ok_or_else(|| format!("must have {} as `{name}`", known()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn objects(text: &str) -> ObjectLocation {
        match text.parse().unwrap() {
            BlobLocation::Objects(location) => location,
            BlobLocation::Files(folder) => panic!("{text} is the folder {folder:?}"),
        }
    }

    fn refusal(text: &str) -> String {
        text.parse::<BlobLocation>().unwrap_err()
    }

    #[test]
    fn files_are_below_the_data_folder_or_another_one() {
        assert_eq!("fs:".parse(), Ok(BlobLocation::Files(None)));
        assert_eq!("fs:/mnt/images".parse(), Ok(BlobLocation::Files(Some("/mnt/images".into()))));
    }

    #[test]
    fn an_s3_bucket_has_a_prefix_and_an_endpoint() {
        let location = objects("s3://photos/store/one/?endpoint=http://127.0.0.1:3900&region=garage");
        assert_eq!((location.bucket.as_str(), location.prefix.as_str()), ("photos", "store/one"));
        assert_eq!(location.endpoint.as_deref(), Some("http://127.0.0.1:3900"));
        let s3 = |addressing, checksum| Service::S3 { region: "garage".to_owned(), addressing, checksum };
        assert_eq!(location.service, s3(Addressing::Path, true));
        let location = objects("s3://photos?region=garage&addressing=virtual&checksum=none");
        assert_eq!(location.service, s3(Addressing::Virtual, false));
        assert_eq!((location.prefix.as_str(), location.endpoint), ("", None));
    }

    #[test]
    fn google_and_azure_have_addresses_too() {
        assert_eq!(objects("gcs://photos/a").service, Service::Gcs { auth: Auth::Google });
        let elsewhere = objects("gcs://photos/a?endpoint=http://127.0.0.1:4443&auth=none");
        assert_eq!(elsewhere.service, Service::Gcs { auth: Auth::None });
        let azure = objects("azblob://photos?account=me&endpoint=http://127.0.0.1:10000/me");
        assert_eq!(azure.service, Service::Azblob { account: "me".to_owned() });
        assert_eq!(azure.endpoint.as_deref(), Some("http://127.0.0.1:10000/me"));
        let drive = objects("gdrive://Pictures/Store?endpoint=http://127.0.0.1:8085");
        assert_eq!((drive.bucket.as_str(), drive.prefix.as_str()), ("", "Pictures/Store"));
    }

    #[test]
    fn a_wrong_address_is_told_what_is_wrong_with_it() {
        for (text, expected) in [
            ("", "must be fs:"),
            ("images", "must be fs:"),
            ("ftp://host/", "must be fs:"),
            ("s3://", "must be fs:"),
            ("s3://key:secret@bucket?region=a", "must not hold keys"),
            ("s3://bucket", "must name its `region`"),
            ("s3://bucket?region=a&region=b", "has `region` twice"),
            ("s3://bucket?region=a&endpoint=s3.example.org", "must have an `endpoint` such as"),
            ("s3://bucket?region=a&addressing=both", "must have path or virtual as `addressing`"),
            ("s3://bucket?region=a&checksum=md5", "must have crc32c or none as `checksum`"),
            ("s3://bucket?region=a&secret_key=b", "has a parameter `secret_key`"),
            ("azblob://container", "must name its `account`"),
            ("gcs://bucket?auth=none", "can have auth=none with"),
            ("gcs://bucket?region=a", "has a parameter `region`"),
        ] {
            assert!(refusal(text).starts_with(expected), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn what_lags_behind_is_for_one_process() {
        let can = |text: &str| text.parse::<BlobLocation>().unwrap().can_be_shared();
        assert!(can("s3://bucket?region=a") && can("gcs://bucket") && can("azblob://container?account=a"));
        assert!(!can("fs:/mnt/images") && !can("gdrive://folder"));
    }

    #[test]
    fn only_s3_gives_addresses_of_single_blobs_away() {
        let can = |text: &str| text.parse::<BlobLocation>().unwrap().can_presign();
        assert!(can("s3://bucket?region=a"));
        assert!(!can("fs:") && !can("gcs://bucket") && !can("azblob://container?account=a"));
    }
}
