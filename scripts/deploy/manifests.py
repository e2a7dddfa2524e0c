"""The manifests of deploy/ as kustomize puts them together, against the schemas of Kubernetes, and what they say of each other."""

import tomllib
from pathlib import Path

import kubernetes_validate
import yaml

VERSION = "1.34"
FOLDER = Path(__file__).parents[2] / "deploy"
CRATES = FOLDER.parent / "crates"


def main():
    for name in ("kubernetes", "kubernetes-scale"):
        manifests, secrets = put_together(FOLDER / name)
        check(manifests, secrets)
        print(f"{name}: {len(manifests)} manifests follow the schemas of Kubernetes {VERSION}")
    manifests = with_component(manifests, FOLDER / "kubernetes-kafka")
    check(manifests, secrets)
    print(f"kubernetes-kafka: added to {name}, {len(manifests)} manifests do so too")


def put_together(folder):
    """The manifests of a folder with those that it builds upon, and the secrets that are generated with their keys."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    there = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"}
    bases = {name for name in kustomization["resources"] if (folder / name).is_dir()}
    assert set(kustomization["resources"]) - bases == there, f"{folder}/kustomization.yaml has not what is there: {there}"
    manifests, secrets = [], {}
    for base in bases:
        manifests, secrets = put_together(folder / base)
    for patch in kustomization.get("patches", []):
        patch = yaml.safe_load(patch["patch"])
        assert patch.pop("$patch") == "delete", "what this does not know of kustomize"
        kept = [one for one in manifests if identity(one) != identity(patch)]
        assert len(kept) == len(manifests) - 1, f"{identity(patch)} is deleted, which is not there"
        manifests = kept
    own = [one for name in sorted(there) for one in yaml.safe_load_all((folder / name).read_text())]
    images = {image["name"] for image in kustomization["images"]}
    assert images_of(own) <= images, f"{folder}/kustomization.yaml has no tags of {images_of(own) - images}"
    for generator in kustomization["secretGenerator"]:
        lines = (folder / f"{generator['envs'][0]}.example").read_text().splitlines()
        secrets[generator["name"]] = {line.split("=")[0] for line in lines if not line.startswith("#")}
    return manifests + own, secrets


def with_component(manifests, folder):
    """The manifests with those of a component, and with the variables that it adds to containers."""
    component = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert component["resources"] == ["network.yaml"], component["resources"]
    for patch in (yaml.safe_load(patch["patch"]) for patch in component["patches"]):
        (patched,) = [one for one in manifests if identity(one) == identity(patch)]
        for added in containers([patch]):
            (container,) = [one for one in containers([patched]) if one["name"] == added["name"]]
            assert set(added) == {"name", "env"}, "what this does not know of kustomize"
            container["env"] += added["env"]
    generated = {one["name"]: {literal.split("=")[0] for literal in one["literals"]} for one in component["configMapGenerator"]}
    for variable in (variable for container in containers(manifests) for variable in container["env"]):
        asked = variable.get("valueFrom", {}).get("configMapKeyRef")
        assert not asked or asked["key"] in generated[asked["name"]], f"{variable['name']} is in no map"
    return manifests + list(yaml.safe_load_all((folder / "network.yaml").read_text()))


def identity(manifest):
    return manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"]


def containers(manifests):
    return [
        container
        for manifest in manifests
        if manifest["kind"] in ("StatefulSet", "Deployment")
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]


def images_of(manifests):
    return {container["image"] for container in containers(manifests)}


def check(manifests, secrets):
    identities = [identity(manifest) for manifest in manifests]
    assert len(set(identities)) == len(identities), f"something is there twice: {identities}"
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    by_kind = {}
    for manifest in manifests:
        by_kind.setdefault(manifest["kind"], {})[manifest["metadata"]["name"]] = manifest
    workloads = by_kind.get("StatefulSet", {}) | by_kind["Deployment"]
    for name, service in by_kind["Service"].items():
        template = workloads[name]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items(), f"{name} selects nothing"
        ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports, f"{name} has other ports"
    for name, scaler in by_kind["HorizontalPodAutoscaler"].items():
        assert scaler["spec"]["scaleTargetRef"]["name"] in by_kind["Deployment"], f"{name} scales nothing"
    for name, budget in by_kind["PodDisruptionBudget"].items():
        labels = workloads[name]["spec"]["template"]["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items(), f"the budget of {name} holds nothing"
    settings = known_settings()
    for variable in (variable for container in containers(manifests) for variable in container["env"]):
        assert variable["name"] in settings, f"{variable['name']} is no setting"
        asked = variable.get("valueFrom", {}).get("secretKeyRef")
        assert not asked or asked["key"] in secrets[asked["name"]], f"{variable['name']} is in no secret"


def known_settings():
    """The variables that the services read: those of the settings in their files."""
    names = set()
    for service in ("imagestore", "imagecompress"):
        sections = [(service, tomllib.loads((CRATES / service / "config" / f"{service}.toml").read_text()))]
        while sections:
            path, section = sections.pop()
            for key, value in section.items():
                names.add(f"{path}__{key}".upper())
                if isinstance(value, dict):
                    sections.append((f"{path}__{key}", value))
    return names


main()
