# Every example runs as a newcomer runs it, in threads and in processes. A test passes when the program ends with 0,
# which most of them do only when their own check of the result holds, and prints what the expression says.
foreach(master "local[2]" "local-cluster[2,1,1g]")
  foreach(example
      "mapreduce_wordcount@@the 4"
      "first_look@@first: 0\npartitions: 2\ncalls before an action: 0\ntake.10.: 0 1 4 9 16 25 36 49 64 81\ncalls after it: 10"
      "pi_zip@@pi is about 3\\.[012]"
      "visits@@reduceByKey: [0-9][0-9]?[0-9]?[0-9]? bytes.*2017-01-01 1[67][0-9][0-9]\n.*2017-01-06 1[67][0-9][0-9]"
      "reduce_by_key@@a 4\nb 6\nc 5"
      "wordcount@${PROJECT_SOURCE_DIR}/LICENSE@the 97\n.*read: 202 records, [0-9]+ bytes"
      "pagerank@@home 1\\.769.*about 0\\.928.*sum 4"
      "kmeans@@(0\\.99|1\\.0|1 ).*\n(8\\.99|9\\.0)"
      "logistic_regression@@accuracy 0\\.9[5-9]"
      "log_mining@@'ERROR': 30000 .*'mysql': 10000 .*'php': 20000 .*request=60 ERROR mysql"
      "terasort@@100000 records, checksum [0-9a-f]+, in order")
    string(REPLACE "@" ";" example "${example}")
    list(GET example 0 name)
    list(GET example 1 argument)
    list(GET example 2 expected)
    string(REGEX REPLACE "\\[.*" "" kind "${master}")
    # With an expression to match, ctest does not look at the exit status; the shell does.
    add_test(NAME "examples: ${name} on ${kind}"
      COMMAND sh -c "\"$0\" \"$@\" && echo ended with 0" $<TARGET_FILE:${name}> ${argument})
    set_tests_properties("examples: ${name} on ${kind}" PROPERTIES
      ENVIRONMENT "CERIUM_MASTER=${master}" TIMEOUT 60 PASS_REGULAR_EXPRESSION "${expected}.*\nended with 0")
  endforeach()
endforeach()

# docs/cluster.md as written, with network namespaces as its machines; skipped if the system does not allow it.
add_test(NAME cluster_document COMMAND ${PROJECT_SOURCE_DIR}/scripts/three_machines.sh ${PROJECT_BINARY_DIR})
set_tests_properties(cluster_document PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)

# The examples of the programming guide, as one program that runs them in turn.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(guide ${PROJECT_SOURCE_DIR}/docs/rdd-guide.md)
add_custom_command(OUTPUT guide.cc DEPENDS ${guide} ${PROJECT_SOURCE_DIR}/scripts/guide_program.py
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/guide_program.py ${guide} guide.cc VERBATIM)
add_executable(guide guide.cc)
target_compile_options(guide PRIVATE ${CERIUM_WARNINGS} -O0)
target_link_libraries(guide PRIVATE Cerium::cerium)
foreach(master "local[2]" "local-cluster[2,1,256m]")
  string(REGEX REPLACE "\\[.*" "" kind "${master}")
  add_test(NAME "guide: examples on ${kind}" COMMAND sh -c "\"$0\" && echo ended with 0" $<TARGET_FILE:guide>)
  set_tests_properties("guide: examples on ${kind}" PROPERTIES ENVIRONMENT "CERIUM_MASTER=${master}" TIMEOUT 60
    PASS_REGULAR_EXPRESSION
    "333833500\n.*4 partitions, 4950\n3628800 5.5 10\nink 20\npen 10.5\n1008 [0-9]+\none two . 1 unknown\nended with 0")
endforeach()
