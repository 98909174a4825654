import { packageXml } from "c/scratcherPackageXml";

const at = (minute) => `2026-11-21T09:${minute}:00Z`;

function parsed(xml) {
  const found = new DOMParser().parseFromString(xml, "text/xml");
  expect(found.querySelector("parsererror")).toBeNull();
  return [...found.querySelectorAll("types")].map((types) => [
    types.querySelector("name").textContent,
    [...types.querySelectorAll("members")].map((member) => member.textContent)
  ]);
}

it("names each component once, sorted, by type", () => {
  const { xml, count } = packageXml([
    { type: "Flow", name: "Renew", kind: "NEW", at: at(10) },
    { type: "ApexClass", name: "B", kind: "CHANGE", at: at(11) },
    { type: "ApexClass", name: "A", kind: "NEW", at: at(12) },
    { type: "ApexClass", name: "B", kind: "CHANGE", at: at(13) }
  ]);
  expect(parsed(xml)).toEqual([
    ["ApexClass", ["A", "B"]],
    ["Flow", ["Renew"]]
  ]);
  expect(count).toBe(3);
});

it("leaves out what was deleted last, and keeps what came back", () => {
  const { xml, count, deleted } = packageXml([
    { type: "ApexClass", name: "Gone", kind: "DELETE", at: at(20) },
    { type: "ApexClass", name: "Gone", kind: "CHANGE", at: at(10) },
    { type: "ApexClass", name: "Back", kind: "DELETE", at: at(10) },
    { type: "ApexClass", name: "Back", kind: "NEW", at: at(20) }
  ]);
  expect(parsed(xml)).toEqual([["ApexClass", ["Back"]]]);
  expect([count, deleted]).toEqual([1, 1]);
});

it("stays XML whatever a component is called", () => {
  const name = `<script>&"'</script>`;
  expect(parsed(packageXml([{ type: "Layout", name, kind: "NEW", at: at(10) }]).xml)).toEqual([["Layout", [name]]]);
});
