// Lets the figures of a bulletin follow its sending. It puts numbers into places that are there already, and nothing else.
"use strict";
const books = document.querySelector("[data-live]");
if (books && window.EventSource) {
  const stream = new EventSource(books.dataset.live);
  const follows = document.querySelector(".follows");
  stream.addEventListener("open", () => { follows.hidden = false; });
  stream.addEventListener("error", () => { follows.hidden = true; });
  stream.addEventListener("books", (event) => {
    const told = JSON.parse(event.data);
    books.querySelector("[data-planned]").textContent = told.planned;
    books.querySelector("[data-at]").textContent = told.at;
    for (const place of books.querySelectorAll("[data-state]")) {
      const count = told.counts[place.dataset.state] || 0;
      place.hidden = count === 0;
      place.querySelector("b").textContent = count;
    }
    for (const part of told.bar) {
      const place = books.querySelector(`[data-part="${part.kind}"]`);
      place.setAttribute("x", part.begin);
      place.setAttribute("width", part.width);
    }
  });
  stream.addEventListener("ended", () => {
    stream.close();
    location.reload();
  });
}
