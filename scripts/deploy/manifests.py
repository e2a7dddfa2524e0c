"""Each manifest of deploy/kubernetes against the schemas of Kubernetes, and what they say of each other."""

from pathlib import Path

import kubernetes_validate
import yaml

VERSION = "1.34"
FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"


def main():
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    there = {file.name for file in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == there, f"kustomization.yaml has not what is there: {there}"
    manifests = [one for name in kustomization["resources"] for one in yaml.safe_load_all((FOLDER / name).read_text())]
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    by_kind = {}
    for manifest in manifests:
        by_kind.setdefault(manifest["kind"], {})[manifest["metadata"]["name"]] = manifest
    workloads = by_kind["StatefulSet"] | by_kind["Deployment"]
    for name, service in by_kind["Service"].items():
        template = workloads[name]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items(), f"{name} selects nothing"
        ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports, f"{name} has other ports"
    for name, scaler in by_kind["HorizontalPodAutoscaler"].items():
        assert scaler["spec"]["scaleTargetRef"]["name"] in by_kind["Deployment"], f"{name} scales nothing"
    print(f"{len(manifests)} manifests follow the schemas of Kubernetes {VERSION}")


main()
