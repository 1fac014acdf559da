//! The six `sslmode`s against certificates of every kind.

use ponte_pg::ErrorKind;
use tempfile::TempDir;

use crate::support::{allow, connect, refused, server, settings, tls_server, tls_version};
use ponte_testkit::{Authority, Certificate, Valid};

/// A server with a certificate for `localhost`, and the files that a client needs.
struct Scene {
    cluster: ponte_testkit::TestCluster,
    files: TempDir,
    root: String,
    wrong_root: String,
}

impl Scene {
    async fn new(names: &[&str], valid: Valid) -> Self {
        let authority = Authority::new("ours");
        let certificate = authority.server(names, valid);
        Self::with(&authority, &certificate, None).await
    }

    async fn with(authority: &Authority, certificate: &Certificate, client_ca: Option<&Authority>) -> Self {
        let files = TempDir::new().unwrap();
        let root = format!(
            "sslrootcert={}",
            authority.write(files.path(), "root.crt").display()
        );
        let wrong = Authority::new("somebody else's").write(files.path(), "wrong.crt");
        Self {
            cluster: tls_server(certificate, client_ca).await,
            root,
            wrong_root: format!("sslrootcert={}", wrong.display()),
            files,
        }
    }

    fn settings(&self, more: &str) -> String {
        format!("{} {more}", settings(&self.cluster, "localhost"))
    }

    async fn encrypts(&self, more: &str) {
        let session = connect(&self.settings(more))
            .await
            .unwrap_or_else(|e| panic!("{more}: {e} {e:?}"));
        assert!(session.is_encrypted(), "{more}");
        assert!(tls_version(&session).await.is_some(), "{more}");
    }

    async fn stays_plain(&self, more: &str) {
        let session = connect(&self.settings(more))
            .await
            .unwrap_or_else(|e| panic!("{more}: {e} {e:?}"));
        assert!(!session.is_encrypted(), "{more}");
        assert_eq!(tls_version(&session).await, None, "{more}");
    }

    async fn refuses(&self, more: &str, kind: ErrorKind) -> ponte_pg::Error {
        refused(&self.settings(more), kind).await
    }
}

#[tokio::test]
async fn a_good_certificate_passes_every_mode() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    let root = &scene.root;
    for mode in ["verify-full", "verify-ca", "require", "prefer"] {
        scene.encrypts(&format!("sslmode={mode} {root}")).await;
    }
    scene.encrypts("sslmode=require").await;
    scene.encrypts("").await;
    scene.stays_plain("sslmode=disable").await;
    scene.stays_plain(&format!("sslmode=allow {root}")).await;
}

#[tokio::test]
async fn an_unknown_authority_is_refused_wherever_there_is_a_root_certificate() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    let wrong = &scene.wrong_root;
    for mode in ["verify-full", "verify-ca", "require"] {
        scene
            .refuses(&format!("sslmode={mode} {wrong}"), ErrorKind::ConnUnknownCa)
            .await;
    }
    scene
        .refuses("sslrootcert=system", ErrorKind::ConnUnknownCa)
        .await;
    scene.stays_plain(&format!("sslmode=prefer {wrong}")).await;
}

#[tokio::test]
async fn a_wrong_host_name_is_refused_by_verify_full_only() {
    let scene = Scene::new(&["db.example.com"], Valid::Now).await;
    let root = &scene.root;
    scene
        .refuses(&format!("sslmode=verify-full {root}"), ErrorKind::ConnWrongHost)
        .await;
    scene.encrypts(&format!("sslmode=verify-ca {root}")).await;
    scene.encrypts(&format!("sslmode=require {root}")).await;
    scene
        .encrypts(&format!(
            "sslmode=verify-full {root} host=db.example.com hostaddr=127.0.0.1"
        ))
        .await;
}

#[tokio::test]
async fn an_address_counts_as_a_host_name_when_the_certificate_has_it() {
    let scene = Scene::new(&["127.0.0.1"], Valid::Now).await;
    let root = &scene.root;
    scene
        .encrypts(&format!("sslmode=verify-full {root} host=127.0.0.1"))
        .await;
    scene
        .refuses(&format!("sslmode=verify-full {root}"), ErrorKind::ConnWrongHost)
        .await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_when_it_is_looked_at() {
    let scene = Scene::new(&["localhost"], Valid::LongAgo).await;
    let root = &scene.root;
    for mode in ["verify-full", "verify-ca", "require"] {
        scene
            .refuses(&format!("sslmode={mode} {root}"), ErrorKind::ConnExpired)
            .await;
    }
    scene.encrypts("sslmode=require").await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_where_it_is_the_root_certificate() {
    let certificate = Certificate::self_signed("localhost");
    let scene = Scene::with(&Authority::new("unused"), &certificate, None).await;
    let pinned = scene.files.path().join("pinned.crt");
    std::fs::write(&pinned, &certificate.crt).unwrap();
    scene
        .encrypts(&format!("sslmode=verify-full sslrootcert={}", pinned.display()))
        .await;
    scene
        .refuses(
            &format!("sslmode=verify-ca {}", scene.root),
            ErrorKind::ConnUnknownCa,
        )
        .await;
    let other = Certificate::self_signed("localhost");
    std::fs::write(&pinned, &other.crt).unwrap();
    scene
        .refuses(
            &format!("sslmode=verify-ca sslrootcert={}", pinned.display()),
            ErrorKind::ConnUnknownCa,
        )
        .await;
}

#[tokio::test]
async fn a_server_without_tls_is_refused_before_anything_is_sent() {
    let cluster = server().await;
    let settings = settings(&cluster, "127.0.0.1");
    refused(&format!("{settings} sslmode=require"), ErrorKind::ConnTlsRefused).await;
    refused(
        &format!("{settings} sslrootcert=system"),
        ErrorKind::ConnTlsRefused,
    )
    .await;
    for mode in ["disable", "allow", "prefer"] {
        let session = connect(&format!("{settings} sslmode={mode}")).await.unwrap();
        assert!(!session.is_encrypted(), "{mode}");
    }
}

#[tokio::test]
async fn a_server_that_wants_tls_is_told_apart_from_one_that_does_not_want_the_role() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    allow(&scene.cluster, "hostnossl all app 127.0.0.1/32 reject").await;
    scene.refuses("sslmode=disable", ErrorKind::ConnTlsRequired).await;
    scene.encrypts("sslmode=allow").await;
    scene.encrypts("sslmode=prefer").await;
    allow(&scene.cluster, "host all app 127.0.0.1/32 reject").await;
    for mode in ["disable", "allow", "prefer", "require"] {
        scene
            .refuses(&format!("sslmode={mode}"), ErrorKind::ConnNotAllowed)
            .await;
    }
}

#[tokio::test]
async fn a_server_that_wants_no_tls_gets_none_from_prefer() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    allow(&scene.cluster, "hostssl all app 127.0.0.1/32 reject").await;
    scene.stays_plain("sslmode=prefer").await;
    scene.stays_plain("sslmode=allow").await;
    scene.refuses("sslmode=require", ErrorKind::ConnNotAllowed).await;
}

#[tokio::test]
async fn a_client_certificate_is_sent_and_missed() {
    let authority = Authority::new("ours");
    let clients = Authority::new("clients");
    let certificate = authority.server(&["localhost"], Valid::Now);
    let scene = Scene::with(&authority, &certificate, Some(&clients)).await;
    allow(&scene.cluster, "hostssl all app 127.0.0.1/32 cert").await;
    let files = scene.files.path();
    let verify = format!("sslmode=verify-full {}", scene.root);
    scene
        .encrypts(&format!(
            "{verify} {}",
            clients.client("app").write(files, "good")
        ))
        .await;
    scene.refuses(&verify, ErrorKind::ConnClientCert).await;
    let stranger = authority.client("app").write(files, "stranger");
    scene
        .refuses(&format!("{verify} {stranger}"), ErrorKind::ConnClientCert)
        .await;
    let other_role = clients.client("somebody").write(files, "somebody");
    scene
        .refuses(&format!("{verify} {other_role}"), ErrorKind::ConnNotAllowed)
        .await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anything_is_sent() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    let directory = scene.files.path();
    let pair = Authority::new("clients").client("app").write(directory, "open");
    let key = directory.join("open.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let open_key = connect(&scene.settings(&pair)).await.err().unwrap();
    assert_eq!(open_key.kind(), ErrorKind::ConnInvalid);
    assert!(
        open_key.next_step().unwrap().contains("chmod 0600"),
        "{open_key:?}"
    );
    for (more, what) in [
        ("sslmode=verify-full", "needs a root certificate"),
        (
            "sslmode=require sslrootcert=/nowhere/root.crt",
            "cannot read the root certificate",
        ),
        (
            "sslcert=/nowhere/a.crt sslkey=/nowhere/a.key",
            "cannot read the client certificate",
        ),
        (
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "is above",
        ),
    ] {
        let error = connect(&scene.settings(more)).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnInvalid, "{more}: {error}");
        assert!(error.to_string().contains(what), "{more}: {error}");
    }
}

#[tokio::test]
async fn the_versions_of_tls_are_bounded_by_both_sides() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    for version in ["TLSv1.2", "TLSv1.3"] {
        let bounds =
            format!("sslmode=require ssl_min_protocol_version={version} ssl_max_protocol_version={version}");
        let session = connect(&scene.settings(&bounds)).await.unwrap();
        assert_eq!(tls_version(&session).await.as_deref(), Some(version));
    }
    scene
        .cluster
        .sql(
            "postgres",
            "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.3'",
        )
        .await;
    scene.cluster.restart().await;
    scene
        .refuses(
            "sslmode=require ssl_max_protocol_version=TLSv1.2",
            ErrorKind::ConnTls,
        )
        .await;
}

#[tokio::test]
async fn a_password_can_be_tied_to_the_channel() {
    let scene = Scene::new(&["localhost"], Valid::Now).await;
    scene
        .encrypts(&format!(
            "sslmode=verify-full {} channel_binding=require",
            scene.root
        ))
        .await;
    scene
        .refuses(
            "sslmode=disable channel_binding=require",
            ErrorKind::ConnAuthMethod,
        )
        .await;
}
