# Joins the files of FOLDER to one HTML page and writes it to OUT as a C++ source that defines kPageText.
#
# In page.html, @page.css@ stands for the file of that name.
file(READ "${FOLDER}/page.html" page)
foreach(name page.css scales.js panel.js tables.js view.js)
  file(READ "${FOLDER}/${name}" part)
  string(REPLACE "@${name}@" "${part}" page "${page}")
endforeach()
file(WRITE "${OUT}" "#include \"report/page_text.h\"\n\nnamespace slovo {\n\n"
                    "const char* const kPageText = R\"slovo(${page})slovo\";\n\n}  // namespace slovo\n")
