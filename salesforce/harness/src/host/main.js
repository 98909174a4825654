import "@lwc/synthetic-shadow";
import { createElement } from "lwc";
import Scratcher from "c/scratcher";

document.querySelector("main").appendChild(createElement("c-scratcher", { is: Scratcher }));
