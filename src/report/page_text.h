// The text of src/report/page/, joined to one by cmake/EmbedPage.cmake when slovo is built.
#pragma once

namespace slovo {

extern const char* const kPageText;

}  // namespace slovo
