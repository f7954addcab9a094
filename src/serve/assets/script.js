// What pages do not need to work: a region of a table is a stop of the keyboard only where there is something to scroll.
"use strict";
const regions = document.querySelectorAll(".scroll[tabindex], pre[tabindex]");
function stops() {
  for (const region of regions) {
    region.tabIndex = region.scrollWidth > region.clientWidth + 1 ? 0 : -1;
  }
}
stops();
addEventListener("resize", stops);
addEventListener("toggle", stops, true);
