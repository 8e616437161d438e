//! The manifests: that their paths and ports agree with the configuration they carry.

use super::bootstrap::envoy_accepts;
use attache::{config::Config, extproc::Listen};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const OVERLAYS: [&str; 3] = ["single", "fleet", "fleet-hashed"];

#[test]
fn the_configuration_of_the_manifests_is_sound() {
    for overlay in OVERLAYS {
        let objects = rendered(overlay);
        let config = carried_config(&objects);
        envoy_accepts(tempfile::tempdir().unwrap().path(), &config.bootstrap());
        let routes = object(&objects, "ConfigMap", "attache-routes");
        for (file, text) in routes["data"].as_object().unwrap() {
            let route: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            assert_eq!(format!("{}.json", route["name"].as_str().unwrap()), *file);
        }
    }
}

#[test]
fn paths_agree() {
    for overlay in OVERLAYS {
        let objects = rendered(overlay);
        let config = carried_config(&objects);
        let pod = pod(&objects, "attache");
        let (attache, envoy, bootstrap) =
            (container(&pod, "attache"), container(&pod, "envoy"), container(&pod, "bootstrap"));
        assert_eq!(pod["initContainers"][0], bootstrap, "before what waits");
        let Listen::Unix(socket) = &config.extproc.listen else { panic!("the pair meets at a socket") };
        let folder = socket.parent().unwrap();
        assert_eq!(volume_at(&attache, folder), volume_at(&envoy, folder), "both see the socket");
        assert_eq!(config.routes.as_deref(), Some(Path::new("/etc/attache/routes")));
        assert_eq!(volume_at(&attache, config.routes.as_deref().unwrap()), "routes");
        assert_eq!(volume_at(&attache, config.last_good.parent().unwrap()), "state");

        let file = Path::new(attache["args"][2].as_str().unwrap());
        assert_eq!(volume_at(&attache, file.parent().unwrap()), "config");
        assert!(carried(&objects, file).is_some());
        envoy_is_given_what_is_printed(&envoy, &bootstrap, file);
    }
}

#[test]
fn the_front_of_a_hashed_fleet_finds_its_pairs() {
    let objects = rendered("fleet-hashed");
    let config = carried_config(&objects);
    let pod = pod(&objects, "attache-front");
    let (envoy, bootstrap) = (container(&pod, "envoy"), container(&pod, "bootstrap"));
    envoy_is_given_what_is_printed(&envoy, &bootstrap, Path::new("/etc/attache/config/attache.yaml"));
    let printed = bootstrap["command"][2].as_str().unwrap();
    let (host, port) =
        printed.split_once("--front-of ").unwrap().1.split_once(' ').unwrap().0.split_once(':').unwrap();
    let pairs = object(&objects, "Service", host);
    assert_eq!(pairs["spec"]["clusterIP"], "None", "every pair by its own address");
    // a headless service leads to the ports of the pods themselves
    assert_eq!(port, config.envoy.front.port().to_string());
    assert_eq!(pairs["spec"]["selector"], labels(&objects, "attache"));
    let service = object(&objects, "Service", "attache");
    assert_eq!(service["spec"]["selector"], labels(&objects, "attache-front"));
}

#[test]
fn ports_agree() {
    for overlay in OVERLAYS {
        let objects = rendered(overlay);
        let config = carried_config(&objects);
        for name in deployments(&objects) {
            let envoy = container(&pod(&objects, &name), "envoy");
            assert_eq!(envoy["ports"][0]["containerPort"], config.envoy.front.port());
            assert_eq!(envoy["readinessProbe"]["httpGet"]["port"], envoy["ports"][0]["name"]);
            let stop = words(&envoy["lifecycle"]["preStop"]["exec"]["command"]);
            assert_eq!(stop[2], config.envoy.admin.to_string());
        }
        let attache = container(&pod(&objects, "attache"), "attache");
        assert_eq!(attache["ports"][0]["containerPort"], config.admin.listen.port());
        assert!(config.admin.listen.ip().is_unspecified(), "the kubelet probes from outside");
        assert_eq!(attache["readinessProbe"]["httpGet"]["port"], attache["ports"][0]["name"]);
        assert_eq!(object(&objects, "Service", "attache")["spec"]["ports"][0]["targetPort"], "http");
        let deployment = object(&objects, "Deployment", "attache");
        let scraped = &deployment["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"];
        assert_eq!(*scraped, config.admin.listen.port().to_string());
    }
}

#[test]
fn a_stop_fits_into_its_grace_period() {
    for overlay in OVERLAYS {
        let objects = rendered(overlay);
        let drain = carried_config(&objects).extproc.drain.as_secs();
        for name in deployments(&objects) {
            let pod = pod(&objects, &name);
            let stop = words(&container(&pod, "envoy")["lifecycle"]["preStop"]["exec"]["command"]);
            let script = carried(&objects, Path::new(&stop[1])).unwrap();
            assert!(script.starts_with("#!/usr/bin/env bash"), "{script}");
            let [least, most] = [3, 4].map(|place| stop[place].parse::<u64>().unwrap());
            // its last look may be a second late
            let needed = most.max(least) + 1 + if name == "attache" { drain } else { 0 };
            assert!(needed < pod["terminationGracePeriodSeconds"].as_u64().unwrap(), "{name}");
        }
    }
}

fn envoy_is_given_what_is_printed(envoy: &Value, bootstrap: &Value, config: &Path) {
    let printed = bootstrap["command"][2].as_str().unwrap();
    assert!(printed.contains(config.to_str().unwrap()), "{printed}");
    let written = printed.split("> ").nth(1).unwrap();
    assert_eq!(envoy["command"][2], written);
    assert_eq!(volume_at(bootstrap, Path::new(written).parent().unwrap()), "run");
}

/// The objects of an overlay, as they are applied.
fn rendered(overlay: &str) -> Vec<Value> {
    let folder = manifests().join("overlays").join(overlay);
    let told = Command::new(kubectl_binary()).arg("kustomize").arg(folder).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_saphyr::from_multiple(&String::from_utf8(told.stdout).unwrap()).unwrap()
}

/// The `attache.yaml` in the ConfigMap, with the variables of the Secret and no others.
fn carried_config(objects: &[Value]) -> Config {
    let secret: Value =
        serde_saphyr::from_str(&fs::read_to_string(manifests().join("secret.yaml")).unwrap()).unwrap();
    let variables = |name: &str| secret["stringData"][name].as_str().map(str::to_owned);
    let folder = Path::new("/etc/attache/config");
    let text = carried(objects, &folder.join("attache.yaml")).unwrap();
    let (config, warnings) = Config::parse(&text, folder, &variables).unwrap();
    assert_eq!(warnings, []);
    config
}

/// What the ConfigMap has for a file that containers read.
fn carried(objects: &[Value], file: &Path) -> Option<String> {
    assert_eq!(file.parent(), Some(Path::new("/etc/attache/config")));
    let map = object(objects, "ConfigMap", "attache-config");
    Some(map["data"].get(file.file_name()?.to_str()?)?.as_str()?.to_owned())
}

fn deployments(objects: &[Value]) -> Vec<String> {
    let deployments = objects.iter().filter(|object| object["kind"] == "Deployment");
    deployments.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn labels(objects: &[Value], deployment: &str) -> Value {
    object(objects, "Deployment", deployment)["spec"]["template"]["metadata"]["labels"].clone()
}

fn pod(objects: &[Value], deployment: &str) -> Value {
    object(objects, "Deployment", deployment)["spec"]["template"]["spec"].clone()
}

fn container(pod: &Value, name: &str) -> Value {
    let lists = ["initContainers", "containers"].into_iter();
    let mut all = lists.flat_map(|list| pod[list].as_array().unwrap());
    all.find(|container| container["name"] == name).unwrap_or_else(|| panic!("no {name} in {pod}")).clone()
}

fn words(command: &Value) -> Vec<String> {
    command.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn volume_at(container: &Value, path: &Path) -> String {
    let mounts = container["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|m| Path::new(m["mountPath"].as_str().unwrap()) == path);
    mount.unwrap_or_else(|| panic!("nothing at {}", path.display()))["name"].as_str().unwrap().into()
}

fn object(objects: &[Value], kind: &str, name: &str) -> Value {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}")).clone()
}

/// What makes objects of the overlays.
fn kubectl_binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "names the program to render with")]
    let named = env::var("KUBECTL_BIN").ok().map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/kubernetes/kubectl");
    let found = named.unwrap_or(own);
    assert!(
        found.exists(),
        "the tests need kubectl: run them with `make test`, which gets one, or name yours in KUBECTL_BIN"
    );
    found
}

fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes")
}
