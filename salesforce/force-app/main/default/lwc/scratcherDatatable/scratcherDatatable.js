import LightningDatatable from "lightning/datatable";
import kind from "./kind.html";
import org from "./org.html";
import when from "./when.html";

/** A lightning-datatable with three more types of columns: a link into an org, the kind of a change, and its time. */
export default class ScratcherDatatable extends LightningDatatable {
  static customTypes = {
    kind: { template: kind, standardCellLayout: true, typeAttributes: ["theme"] },
    org: { template: org, standardCellLayout: true, typeAttributes: ["url", "hint"] },
    when: { template: when, standardCellLayout: true, typeAttributes: ["fresh"] }
  };
}
