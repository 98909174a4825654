import LightningDatatable from "lightning/datatable";
import kind from "./kind.html";
import org from "./org.html";
import when from "./when.html";
import words from "./words.html";

/** A lightning-datatable with more types of columns: a link into an org, a kind, a time, words that are whole on hover. */
export default class ScratcherDatatable extends LightningDatatable {
  static customTypes = {
    kind: { template: kind, standardCellLayout: true, typeAttributes: ["theme"] },
    org: { template: org, standardCellLayout: true, typeAttributes: ["url", "hint"] },
    when: { template: when, standardCellLayout: true, typeAttributes: ["fresh"] },
    words: { template: words, standardCellLayout: true }
  };
}
