//! The manifests: that they parse, and that their paths and ports agree with the configuration they carry.

use super::bootstrap::envoy_accepts;
use attache::{config::Config, extproc::Listen};
use serde_json::Value;
use std::{fs, path::Path};

#[test]
fn the_configuration_of_the_manifests_is_sound() {
    let config = carried_config();
    envoy_accepts(tempfile::tempdir().unwrap().path(), &config.bootstrap());
    let routes = object("config.yaml", "attache-routes");
    for (file, text) in routes["data"].as_object().unwrap() {
        let route: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        assert_eq!(format!("{}.json", route["name"].as_str().unwrap()), *file);
    }
}

#[test]
fn paths_agree() {
    let config = carried_config();
    let (attache, envoy, bootstrap) = containers();
    let Listen::Unix(socket) = &config.extproc.listen else { panic!("the pair meets at a socket") };
    let folder = socket.parent().unwrap();
    assert_eq!(volume_at(&attache, folder), volume_at(&envoy, folder), "both see the socket");
    assert_eq!(config.routes.as_deref(), Some(Path::new("/etc/attache/routes")));
    assert_eq!(volume_at(&attache, config.routes.as_deref().unwrap()), "routes");

    let file = Path::new(attache["args"][2].as_str().unwrap());
    assert_eq!(volume_at(&attache, file.parent().unwrap()), "config");
    assert!(
        object("config.yaml", "attache-config")["data"]
            .get(file.file_name().unwrap().to_str().unwrap())
            .is_some()
    );
    let printed = bootstrap["command"][2].as_str().unwrap();
    assert!(printed.contains(file.to_str().unwrap()), "{printed}");
    let written = printed.split("> ").nth(1).unwrap();
    assert_eq!(envoy["command"][2], written);
    assert_eq!(volume_at(&bootstrap, Path::new(written).parent().unwrap()), "run");
}

#[test]
fn ports_agree() {
    let config = carried_config();
    let (attache, envoy, _) = containers();
    assert_eq!(envoy["ports"][0]["containerPort"], config.envoy.front.port());
    assert_eq!(attache["ports"][0]["containerPort"], config.admin.listen.port());
    assert!(config.admin.listen.ip().is_unspecified(), "the kubelet probes from outside");
    assert_eq!(attache["readinessProbe"]["httpGet"]["port"], attache["ports"][0]["name"]);
    assert_eq!(envoy["readinessProbe"]["tcpSocket"]["port"], envoy["ports"][0]["name"]);
    assert_eq!(
        object("service.yaml", "attache")["spec"]["ports"][0]["targetPort"],
        envoy["ports"][0]["name"]
    );
    let stop = envoy["lifecycle"]["preStop"]["exec"]["command"][2].as_str().unwrap();
    assert!(stop.contains(&format!("/dev/tcp/127.0.0.1/{}", config.envoy.admin.port())), "{stop}");
    let deployment = object("pair.yaml", "attache");
    let scraped = &deployment["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"];
    assert_eq!(*scraped, config.admin.listen.port().to_string());
}

#[test]
fn a_stop_fits_into_its_grace_period() {
    let (_, envoy, _) = containers();
    let stop = envoy["lifecycle"]["preStop"]["exec"]["command"][2].as_str().unwrap();
    let pause: u64 = stop.rsplit("sleep ").next().unwrap().trim().parse().unwrap();
    let grace =
        object("pair.yaml", "attache")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].clone();
    assert!(pause + carried_config().extproc.drain.as_secs() < grace.as_u64().unwrap());
}

/// The `attache.yaml` in the ConfigMap, with the variables of the Secret and no others.
fn carried_config() -> Config {
    let secret = object("secret.yaml", "attache-keys");
    let variables = |name: &str| secret["stringData"][name].as_str().map(str::to_owned);
    let map = object("config.yaml", "attache-config");
    let text = map["data"]["attache.yaml"].as_str().unwrap();
    let (config, warnings) = Config::parse(text, Path::new("/etc/attache/config"), &variables).unwrap();
    assert_eq!(warnings, []);
    config
}

/// Attaché, Envoy, and the container that prints the bootstrap.
fn containers() -> (Value, Value, Value) {
    let pod = object("pair.yaml", "attache")["spec"]["template"]["spec"].clone();
    let named = |list: &str, name: &str| {
        let found = pod[list].as_array().unwrap().iter().find(|c| c["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} among {list}")).clone()
    };
    (named("initContainers", "attache"), named("containers", "envoy"), named("initContainers", "bootstrap"))
}

fn volume_at(container: &Value, path: &Path) -> String {
    let mounts = container["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|m| Path::new(m["mountPath"].as_str().unwrap()) == path);
    mount.unwrap_or_else(|| panic!("nothing at {}", path.display()))["name"].as_str().unwrap().into()
}

fn object(file: &str, name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes").join(file);
    let documents: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap()).unwrap();
    documents.into_iter().find(|d| d["metadata"]["name"] == name).unwrap()
}
