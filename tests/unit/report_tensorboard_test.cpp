#include "report/tensorboard.h"
#include "testing.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

TEST(TensorBoard, TheChecksumIsCrc32c) {
  // RFC 3720, B.4.
  EXPECT_EQ(0x8A9136AAU, crc32c(std::string(32, '\0')));
  EXPECT_EQ(0x62A8AB43U, crc32c(std::string(32, '\xFF')));
  EXPECT_EQ(0xE3069283U, crc32c("123456789"));
  EXPECT_EQ(0U, crc32c(""));
}

TEST(TensorBoard, WritesTheBytesOfTensorBoardsOwnWriter) {
  const TempFolder folder;
  TensorBoardWriter writer(folder.path() / "tb", 1700000000.5, 299);
  writer.scalar("train/loss", 0, 1700000001.25, 2.5);
  writer.scalar("validation/loss", int64_t{1} << 33, 1700000002, -0.1);
  writer.text("samples/1", 10, 1700000003, "    Слово " + std::string(200, 'x'));
  writer.flush();
  EXPECT_EQ(read_file(testing::fixture("report/events")), read_file(writer.path()));
}

TEST(TensorBoard, ALineOfMetricsBecomesScalarsAndTexts) {
  const TempFolder folder;
  TensorBoardWriter of_line(folder.path() / "line", 1, 0);
  of_line.metrics({{"step", 5}, {"loss", 2.5}, {"val_loss", 3}, {"mfu", nullptr}, {"note", "x"}},
                  2);
  of_line.metrics({{"step", 6}, {"samples", {{{"prompt", "To be"}, {"text", "\nor *not*"}}}}}, 3);
  TensorBoardWriter by_hand(folder.path() / "hand", 1, 0);
  by_hand.scalar("train/loss", 5, 2, 2.5);
  by_hand.scalar("validation/loss", 5, 2, 3);
  by_hand.text("samples/1", 6, 3, "    To be\n    or *not*");
  by_hand.flush();
  EXPECT_EQ(read_file(by_hand.path()), read_file(of_line.path()));
}

TEST(TensorBoard, FilesOfLaterStartsComeLaterInTheOrderOfNames) {
  const TempFolder folder;
  const TensorBoardWriter first(folder.path(), 1700000000, 0);
  const TensorBoardWriter same_second(folder.path(), 1700000000, 10);
  const TensorBoardWriter clock_went_back(folder.path(), 1600000000, 20);
  EXPECT_TRUE(first.path().filename().string().starts_with("events.out.tfevents.1700000000."));
  EXPECT_LT(first.path(), same_second.path());
  EXPECT_LT(same_second.path(), clock_went_back.path());
}

TEST(TensorBoard, AFolderThatCannotBeMadeIsNamed) {
  EXPECT_TRUE(testing::contains(
      testing::error_of([] { TensorBoardWriter("/dev/null/tb", 1, 0); }, ErrorCode::io),
      "/dev/null/tb"));
}

}  // namespace
}  // namespace slovo
